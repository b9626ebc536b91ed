// Runs the kubelet on a kernel with cgroup v2, whatever this machine has. Usage: node e2e/cgroup-v2/main.ts [DRIVER…]
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { defaultNodeImage } from '../../src/cluster/create/steps/ensure-image.ts';
import { root } from '../harness/run.ts';
import { type Boot, boot, ensureDisk, ensureKernel, readReport, Unavailable } from './machine.ts';

const say = (line: string): void => console.error(`==> ${line}`);
const seconds = Number(process.env.KLAB_CGROUP_V2_SECONDS ?? 600);

const runs: Readonly<Record<string, Pick<Boot, 'driver' | 'cgroupVersion' | 'checks'>>> = {
  cgroupfs: { driver: 'cgroupfs', cgroupVersion: 2, checks: 'checks.ts' },
  systemd: { driver: 'systemd', cgroupVersion: 2, checks: 'checks.ts' },
  v1: { driver: 'cgroupfs', cgroupVersion: 1, checks: 'v1.ts' },
};

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !(name in runs));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(runs).join(', ')}`);
  await ensureKernel();
  const disk = await ensureDisk(process.env.KLAB_E2E_IMAGE ?? defaultNodeImage, say);
  let failed = 0;
  for (const name of names.length > 0 ? names : Object.keys(runs)) {
    const run = runs[name];
    if (run === undefined) continue;
    const out = join(root, 'dist/cgroup-v2', name);
    say(`${name}: booting`);
    const exitCode = await boot(disk, { ...run, out, seconds });
    process.stdout.write(await readFile(join(out, 'checks.log'), 'utf8').catch(() => ''));
    const { tests, failures } = await readReport(out);
    if (exitCode !== 0) failed += 1;
    const ending =
      exitCode === undefined ? `did not end within ${seconds} s` : `${tests - failures} passed, ${failures} failed`;
    say(`${name}: ${ending} (logs: ${out})`);
  }
  return failed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`cgroup-v2: ${messageOf(error)}`);
    process.exit(error instanceof Unavailable ? 2 : 1);
  },
);
