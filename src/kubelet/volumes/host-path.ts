import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { codeOf } from '../../base/errors.ts';
import { systemErrorText } from '../system-error-text.ts';

type Kind = 'Directory' | 'File' | 'Socket' | 'CharDevice' | 'BlockDevice';

const names: Readonly<Record<Kind, string>> = {
  Directory: 'directory',
  File: 'file',
  Socket: 'socket file',
  CharDevice: 'character device',
  BlockDevice: 'block device',
};

function kindOf(info: Stats): Kind | undefined {
  if (info.isDirectory()) return 'Directory';
  if (info.isFile()) return 'File';
  if (info.isSocket()) return 'Socket';
  if (info.isCharacterDevice()) return 'CharDevice';
  return info.isBlockDevice() ? 'BlockDevice' : undefined;
}

const isKind = (type: string): type is Kind => type in names;

/** Sees to it that a hostPath is what its type says, making it where the type allows that. Rejects with upstream's words. */
export async function ensureHostPath(path: string, type: string): Promise<void> {
  if (type === '') return;
  let unknown = `path "${path}" does not exist`;
  const info = await stat(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') unknown = systemErrorText(error);
    return undefined;
  });
  if (info === undefined && type === 'DirectoryOrCreate') {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  if (info === undefined && type === 'FileOrCreate') {
    await (await open(path, 'a', 0o644)).close();
    return;
  }
  const wanted = type.replace('OrCreate', '');
  if (!isKind(wanted)) throw new Error(`${type} is an invalid volume type`);
  const found = info && kindOf(info);
  if (found === wanted) return;
  const problem = `${path} is not a ${names[wanted]}`;
  if (found !== undefined) throw new Error(`hostPath type check failed: ${problem}, it's a ${found}`);
  const why =
    info === undefined ? unknown : 'only recognise file, directory, socket, block device and character device';
  throw new Error(`hostPath type check failed, ${problem}, unable to determine its type: ${why}`);
}
