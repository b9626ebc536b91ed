import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './run.ts';

/** A program of e2e/fixtures as one file of text that a node's Node runs. */
export async function bundleFixture(name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'klab-fixture-'));
  try {
    const outfile = join(folder, 'program.cjs');
    await build({
      entryPoints: [join(root, 'e2e/fixtures', `${name}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node24',
    });
    return readFileSync(outfile, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
