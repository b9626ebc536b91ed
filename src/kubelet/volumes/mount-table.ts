import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The kernel's mounts, as far as volumes need them. */
export interface MountTable {
  /** Where something is mounted, in the order it was. */
  targets(): Promise<readonly string[]>;
  tmpfs(target: string, options: readonly string[]): Promise<void>;
  bind(source: string, target: string): Promise<void>;
  hugetlbfs(target: string, options: readonly string[]): Promise<void>;
  /** Lazily: what still has files open there does not keep a pod from ending. */
  unmount(target: string): Promise<void>;
}

/** `\040` is how mountinfo writes a space. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

export const parseMountInfo = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''));

async function command(file: string, args: readonly string[]): Promise<void> {
  try {
    await run(file, [...args]);
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${file} failed: ${text || (error instanceof Error ? error.message : String(error))}`, {
      cause: error,
    });
  }
}

const withOptions = (options: readonly string[]): readonly string[] =>
  options.length === 0 ? [] : ['-o', options.join(',')];

export const kernelMounts: MountTable = {
  targets: async () => parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')),
  tmpfs: (target, options) => command('mount', ['-t', 'tmpfs', ...withOptions(options), 'tmpfs', target]),
  hugetlbfs: (target, options) => command('mount', ['-t', 'hugetlbfs', ...withOptions(options), 'nodev', target]),
  bind: (source, target) => command('mount', ['--bind', source, target]),
  unmount: (target) => command('umount', ['-l', target]),
};
