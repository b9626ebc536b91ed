import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../src/image/index.ts';
import { must, root, run } from '../harness/run.ts';

/** The kernel, and its modules, of Debian's package user-mode-linux. */
const kernel = '/usr/bin/linux.uml';
const kernelModules = '/usr/lib/uml/modules';
const here = join(root, 'e2e/cgroup-v2');
/** Room for images that are unpacked; what is not written takes none. */
const diskSize = '6G';

/** Why the machine cannot be had here, in words for whoever asked for it. */
export class Unavailable extends Error {}

/** What a guest needs that this machine may lack. */
export async function ensureKernel(): Promise<void> {
  if (existsSync(kernel)) return;
  const installed = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'user-mode-linux']);
  if (installed.exitCode !== 0 || !existsSync(kernel))
    throw new Unavailable(
      `user-mode Linux is not installed, and cannot be: ${installed.stderr.trim() || 'no apt-get here'}\n` +
        'Install the package user-mode-linux (Debian, Ubuntu), or run the tests on a machine with cgroup v2.',
    );
}

/**
 * A disk with the node image's files and the kernel's modules, made once for each image.
 * @returns its path; runs write to a copy on write
 */
export async function ensureDisk(image: string, say: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(process.env), 'cgroup-v2');
  const id = (await must('docker', ['image', 'inspect', '--format', '{{.Id}}', image])).trim();
  const key = createHash('sha256')
    .update(id)
    .update(await readFile(kernel))
    .update(firstStage)
    .digest('hex');
  const disk = join(folder, `${key.slice(0, 16)}.ext4`);
  if (existsSync(disk)) return disk;
  say(`making a disk of ${image}`);
  await rm(folder, { recursive: true, force: true });
  const files = join(folder, 'files');
  await mkdir(files, { recursive: true });
  const container = (await must('docker', ['create', image])).trim();
  try {
    await must('bash', ['-c', `set -o pipefail; docker export ${container} | tar -x -C '${files}'`]);
  } finally {
    await must('docker', ['rm', container]);
  }
  await cp(kernelModules, join(files, 'usr/lib/modules'), { recursive: true });
  // systemd takes a machine with this file for a container, and leaves out what a machine of its own needs.
  await rm(join(files, '.dockerenv'), { force: true });
  await writeFile(join(files, 'klab-first'), firstStage);
  await chmod(join(files, 'klab-first'), 0o755);
  await mkdir(join(files, 'repo'), { recursive: true });
  await must('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-d', files, `${disk}.new`, diskSize]);
  await rm(files, { recursive: true });
  await rename(`${disk}.new`, disk);
  return disk;
}

/** The checkout is the guest's too, and has the rest of what happens at its start. */
const firstStage = `#!/bin/bash
mount -t hostfs -o "$klab_repo" none /repo
exec /repo/e2e/cgroup-v2/guest/first.sh
`;

export interface Boot {
  /** Both cgroup v2's, or v1 for the check that the kubelet refuses it. */
  readonly driver: 'cgroupfs' | 'systemd';
  readonly cgroupVersion: 1 | 2;
  /** A file of guest/. */
  readonly checks: string;
  /** Where the guest leaves what it says; made anew. */
  readonly out: string;
  readonly seconds: number;
}

/**
 * Boots a machine, which ends itself when its checks are through, or is ended after `seconds`.
 * @returns the checks' exit code; undefined when they did not come to their end
 */
export async function boot(
  disk: string,
  { driver, cgroupVersion, checks, out, seconds }: Boot,
): Promise<number | undefined> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await cp(join(root, 'dist/bundles/kubelet.cjs'), join(out, 'kubelet.cjs'));
  const legacy = ['systemd.unified_cgroup_hierarchy=0', 'SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1'];
  const { stdout, stderr } = await run(
    'nice',
    [
      ...['-n', '5', kernel, 'mem=2G', 'rw', 'root=/dev/ubda', `ubd0=${out}/disk.cow,${disk}`, 'init=/klab-first'],
      ...['con=null', 'con0=null,fd:1', `umid=klab-cgroup-${process.pid}`, `uml_dir=${out}`],
      ...[`klab_repo=${root}`, `klab_out=${out}`, `klab_driver=${driver}`, `klab_checks=${checks}`],
      ...(cgroupVersion === 1 ? legacy : []),
    ],
    { timeoutMs: seconds * 1000, env: { TMPDIR: '/tmp', ...(await wideRegisters(out)) } },
  );
  await writeFile(join(out, 'console.log'), stdout + stderr);
  for (const leftover of ['disk.cow', 'kubelet.cjs']) await rm(join(out, leftover), { force: true });
  const code = await readFile(join(out, 'exit-code'), 'utf8').catch(() => undefined);
  return code === undefined ? undefined : Number(code);
}

/** CPUs with AMX have more registers than this kernel can give back: see the source. */
async function wideRegisters(out: string): Promise<Record<string, string>> {
  if (!/\bamx_tile\b/.test(await readFile('/proc/cpuinfo', 'utf8'))) return {};
  const library = join(out, 'wide-registers.so');
  const args = ['-O2', '-shared', '-fPIC', '-o', library, join(here, 'wide-registers.c')];
  const built = await run('gcc', args);
  if (built.exitCode !== 0)
    throw new Unavailable(`this CPU has AMX, which user-mode Linux needs help with, and gcc failed: ${built.stderr}`);
  return { LD_PRELOAD: library };
}

/** Tests that failed and passed, by the report that the guest left. */
export async function readReport(out: string): Promise<{ readonly tests: number; readonly failures: number }> {
  const xml = await readFile(join(out, 'junit.xml'), 'utf8').catch(() => '');
  return { tests: xml.match(/<testcase /g)?.length ?? 0, failures: xml.match(/<failure/g)?.length ?? 0 };
}

export const logsOf = async (out: string): Promise<readonly string[]> =>
  (await readdir(out)).filter((name) => name.endsWith('.log')).map((name) => join(out, name));
