import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import type { Part } from './plan.ts';

/** Where parts are kept between builds: $KLAB_CACHE_DIR, else klab's folder in the user's cache. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>, home: string = homedir()): string {
  if (env.KLAB_CACHE_DIR) return env.KLAB_CACHE_DIR;
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'klab');
}

/** How many results of one part are kept: the one in use, and the one before it for switching back. */
const keptPerPart = 2;

/** Finished results of parts, each in a folder named by its key. */
export interface PartCache {
  /** The folder where a part's result is, or will be. */
  folder(part: Part): string;
  has(part: Part): Promise<boolean>;
  /** Lets `make` fill an empty folder; it becomes the part's result only when `make` succeeds. */
  fill(part: Part, make: (folder: string) => Promise<void>): Promise<void>;
}

export function partCache(root: string): PartCache {
  const parts = join(root, 'parts');
  const folder = (part: Part) => join(parts, `${part.name}-${part.key}`);
  return {
    folder,
    has: (part) => used(folder(part)),
    fill: async (part, make) => {
      await mkdir(parts, { recursive: true });
      const temporary = await mkdtemp(`${folder(part)}.`);
      try {
        await make(temporary);
        await rename(temporary, folder(part));
      } catch (error) {
        await rm(temporary, { recursive: true, force: true });
        // Another build made the same part meanwhile: the same key is the same content.
        if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
      }
      await forgetOld(parts, part.name);
    },
  };
}

/** Whether the folder exists; if so its time is set to now, so that what is in use is the last to be forgotten. */
async function used(folder: string): Promise<boolean> {
  try {
    const now = new Date();
    await utimes(folder, now, now);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function forgetOld(parts: string, name: string): Promise<void> {
  const pattern = new RegExp(`^${name}-[0-9a-f]+$`);
  const folders = (await readdir(parts)).filter((entry) => pattern.test(entry)).map((entry) => join(parts, entry));
  const byAge = await Promise.all(folders.map(async (path) => ({ path, usedAt: (await stat(path)).mtimeMs })));
  byAge.sort((a, b) => b.usedAt - a.usedAt);
  await Promise.all(byAge.slice(keptPerPart).map(({ path }) => rm(path, { recursive: true, force: true })));
}

/** Which images of a part are still worth keeping after one was made; references are ordered newest first. */
export function decideKept(
  known: readonly string[],
  made: string,
): { readonly kept: readonly string[]; readonly forgotten: readonly string[] } {
  const newestFirst = [made, ...known.filter((reference) => reference !== made)];
  return { kept: newestFirst.slice(0, keptPerPart), forgotten: newestFirst.slice(keptPerPart) };
}

/** Notes that a part's image was made, in a file beside the parts; answers the older ones that can be removed. */
export async function noteImage(root: string, part: Part, reference: string): Promise<readonly string[]> {
  const file = join(root, 'images', part.name);
  const known = await readFile(file, 'utf8').catch(() => '');
  const { kept, forgotten } = decideKept(
    known.split('\n').filter((line) => line !== ''),
    reference,
  );
  await mkdir(join(root, 'images'), { recursive: true });
  await writeFile(file, `${kept.join('\n')}\n`);
  return forgotten;
}
