import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleEntryMissing } from './errors.ts';

/** Program → its entry point: what runs on nodes. */
export const bundleEntries: Readonly<Record<string, string>> = {
  kubelet: 'src/kubelet/main.ts',
  crictl: 'src/crictl/main.ts',
  'network-agent': 'src/network/default/agent/main.ts',
};

export interface Bundle {
  readonly program: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Before all else the process names itself after its program, for `pgrep` and `top`. Setting `process.title` would
 * overwrite its command line, where `ps` and auditors look for flags.
 * And what ES modules know about themselves is said in CommonJS.
 */
const banner = `
try { require('node:fs').writeFileSync('/proc/self/comm', require('node:path').basename(__filename, '.cjs')); } catch {}
const importMetaUrl = require('node:url').pathToFileURL(__filename).href;
`;

/**
 * Bundles each program from the checkout at `source` into one file without whitespace, `folder/<program>.cjs`, with its source
 * map beside it. CommonJS, because Node starts it faster than ES modules and compiles it from its cache.
 */
export async function bundlePrograms(source: string, folder: string): Promise<readonly Bundle[]> {
  const { build } = await import('esbuild');
  const entries = Object.entries(bundleEntries);
  for (const [, entry] of entries) {
    await access(join(source, entry)).catch((cause: unknown) => {
      throw bundleEntryMissing(entry, cause);
    });
  }
  const { metafile } = await build({
    absWorkingDir: source,
    entryPoints: entries.map(([program, entry]) => ({ in: entry, out: program })),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    // Names stay as they are: they are seen in errors, logs and profiles. To keep them beside short ones would take a
    // call for every function that is made, and there are many in a kubelet's hour.
    minifyWhitespace: true,
    minifySyntax: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: banner },
  });
  return Object.entries(metafile.outputs)
    .filter(([file]) => file.endsWith('.cjs'))
    .map(([file, { bytes }]) => ({ program: file.replace(/^.*\/|\.cjs$/g, ''), file, bytes }));
}
