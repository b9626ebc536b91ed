import { mkdir, open, stat } from 'node:fs/promises';
import { codeOf } from '../../base/errors.ts';

const checks: Readonly<Record<string, readonly [(info: Awaited<ReturnType<typeof stat>>) => boolean, string]>> = {
  Directory: [(info) => info.isDirectory(), 'is not a directory'],
  File: [(info) => info.isFile(), 'is not a file'],
  Socket: [(info) => info.isSocket(), 'is not a socket file'],
  CharDevice: [(info) => info.isCharacterDevice(), 'is not a character device'],
  BlockDevice: [(info) => info.isBlockDevice(), 'is not a block device'],
};

/** Sees to it that a hostPath is what its type says, making it where the type allows that. Rejects with upstream's words. */
export async function ensureHostPath(path: string, type: string): Promise<void> {
  if (type === '') return;
  const info = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (info === undefined && type === 'DirectoryOrCreate') {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  if (info === undefined && type === 'FileOrCreate') {
    await (await open(path, 'a', 0o644)).close();
    return;
  }
  const [fits, problem] = checks[type.replace('OrCreate', '')] ?? [() => true, ''];
  if (info === undefined || !fits(info)) throw new Error(`hostPath type check failed: ${path} ${problem}`);
}
