import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { promisify } from 'node:util';
import { messageOf } from '../../base/errors.ts';
import { commandShell } from './command-shell.ts';

const run = promisify(execFile);

/** The kernel's mounts, as far as volumes need them. */
export interface MountTable {
  /** Where something is mounted, in the order it was. */
  targets(): Promise<readonly string[]>;
  tmpfs(target: string, options: readonly string[]): Promise<void>;
  /** `source` is taken as it is, so that it may lead through /proc to an open file. */
  bind(source: string, target: string): Promise<void>;
  hugetlbfs(target: string, options: readonly string[]): Promise<void>;
  nfs(source: string, target: string, options: readonly string[]): Promise<void>;
  /** Sees to it that mounts below the folder are seen in the containers that share it, and theirs here. */
  share(target: string): Promise<void>;
  /** Lazily and in this order: what still has files open there does not keep a pod from ending. */
  unmount(targets: readonly string[]): Promise<void>;
}

/** `\040` is how mountinfo writes a space. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

export const parseMountInfo = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''));

/** Whether the mount that a path lies on passes mounts on to its copies in other namespaces. */
export function isShared(mountInfo: string, path: string): boolean {
  let best = { length: -1, shared: false };
  for (const line of mountInfo.split('\n')) {
    const fields = line.split(' ');
    const target = unescapeOctal(fields[4] ?? '');
    const covers = target === path || path.startsWith(target === '/' ? '/' : `${target}/`);
    if (target === '' || !covers || target.length < best.length) continue;
    const optional = fields.slice(6, fields.indexOf('-', 6));
    best = { length: target.length, shared: optional.some((field) => field.startsWith('shared:')) };
  }
  return best.shared;
}

/** Since Linux 6.4 a tmpfs can be kept out of swap. */
export function supportsNoswap(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 4);
}

async function command(file: string, args: readonly string[]): Promise<void> {
  try {
    await run(file, [...args]);
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${file} failed: ${text || messageOf(error)}`, { cause: error });
  }
}

/** For what the kernel does by itself; a mount that waits for another machine would hold up all others. */
const local = commandShell({ idleMs: 60_000 });

const mountArgs = (type: string, source: string, target: string, options: readonly string[]): readonly string[] => [
  '-t',
  type,
  ...(options.length === 0 ? [] : ['-o', options.join(',')]),
  source,
  target,
];

const mount = (...mounted: Parameters<typeof mountArgs>): Promise<void> => local.run('mount', mountArgs(...mounted));

const memoryOptions = supportsNoswap(release()) ? ['noswap'] : [];

const readTable = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');

export const kernelMounts: MountTable = {
  targets: async () => parseMountInfo(await readTable()),
  tmpfs: (target, options) => mount('tmpfs', 'tmpfs', target, [...memoryOptions, ...options]),
  hugetlbfs: (target, options) => mount('hugetlbfs', 'nodev', target, options),
  // Out of turn: a server that does not answer would hold up all others.
  nfs: (source, target, options) => command('mount', mountArgs('nfs', source, target, options)),
  bind: (source, target) => local.run('mount', ['--no-canonicalize', '--bind', source, target]),
  async share(target) {
    const table = await readTable();
    if (isShared(table, target)) return;
    if (!parseMountInfo(table).includes(target)) await kernelMounts.bind(target, target);
    await command('mount', ['--make-rshared', target]);
  },
  unmount: async (targets) => {
    if (targets.length > 0) await local.run('umount', ['-l', ...targets]);
  },
};
