import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What lies in a folder, as `du -x` counts it. */
export interface FolderUsage {
  readonly bytes: number;
  readonly inodes: number;
}

const blockBytes = 512;
const nothing: FolderUsage = { bytes: 0, inodes: 0 };

/**
 * Space and inodes that a folder and all below it take on its own file system. What cannot be read, or goes away
 * meanwhile, counts nothing; a file with several names counts once.
 */
export async function folderUsage(folder: string): Promise<FolderUsage> {
  const root = await lstat(folder).catch(() => undefined);
  if (root === undefined) return nothing;
  const seen = new Set<number>();
  let bytes = 0;
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const info = await lstat(path).catch(() => undefined);
    if (info === undefined || info.dev !== root.dev || seen.has(info.ino)) continue;
    seen.add(info.ino);
    bytes += info.blocks * blockBytes;
    if (!info.isDirectory()) continue;
    for (const { name } of await entriesOf(path)) waiting.push(join(path, name));
  }
  return { bytes, inodes: seen.size };
}

/** What a folder holds; nothing when it cannot be read. */
export const entriesOf = (folder: string): Promise<readonly Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch(() => []);
