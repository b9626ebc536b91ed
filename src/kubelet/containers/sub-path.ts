import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, readlink, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { VolumeMount } from '../../api/types.ts';
import { codeOf } from '../../base/errors.ts';
import { expandVariables } from './expansion.ts';

/** Linux's O_PATH, which Node does not name: a handle to a place, whatever lies there. */
const O_PATH = 0o10000000;

/** A mount's subPath with its variables filled in; undefined when it has none. Throws with upstream's words. */
export function expandSubPath(
  mount: VolumeMount,
  environment: readonly { key: string; value: string }[],
): string | undefined {
  if (!mount.subPathExpr && !mount.subPath) return undefined;
  const missing: string[] = [];
  const expanded = mount.subPathExpr
    ? expandVariables(mount.subPathExpr, (name) => {
        const value = environment.find(({ key }) => key === name)?.value;
        if (value === undefined) missing.push(name);
        return value;
      })
    : (mount.subPath ?? '');
  if (missing.length > 0) throw new Error(`missing value for ${missing.join(', ')}`);
  if (expanded.startsWith('/')) throw new Error(`error SubPath \`${expanded}\` must not be an absolute path`);
  if (expanded.split('/').includes('..')) {
    throw new Error(`unable to provision SubPath \`${expanded}\`: must not contain '..'`);
  }
  return expanded === '' ? undefined : expanded;
}

const isWithin = (path: string, root: string): boolean => path === root || path.startsWith(`${root}${sep}`);

/** The path through which the kernel finds an open file, also from other processes. */
export const pathOfHandle = ({ fd }: FileHandle): string => `/proc/${process.pid}/fd/${fd}`;

/** Opens one name inside an open folder; a link is not followed. */
const openWithin = (folder: FileHandle, name: string): Promise<FileHandle> =>
  open(join(pathOfHandle(folder), name), O_PATH | constants.O_NOFOLLOW);

async function openNext(folder: FileHandle, name: string): Promise<FileHandle> {
  const next = await openWithin(folder, name);
  if ((await next.stat()).isSymbolicLink()) {
    await next.close();
    throw new Error(`unexpected symlink found ${name}`);
  }
  return next;
}

/** Walks from an open folder name by name, closing what was passed; `onMissing` may make what is not there. */
async function walk(
  root: FileHandle,
  names: readonly string[],
  onMissing?: (folder: FileHandle, name: string) => Promise<void>,
): Promise<FileHandle> {
  let here = root;
  for (const name of names) {
    try {
      const next = await openNext(here, name).catch(async (error: unknown) => {
        if (onMissing === undefined || codeOf(error) !== 'ENOENT') throw error;
        await onMissing(here, name);
        return openNext(here, name);
      });
      await here.close();
      here = next;
    } catch (error) {
      await here.close();
      throw error;
    }
  }
  return here;
}

const namesBetween = (root: string, path: string): readonly string[] => relative(root, path).split(sep).filter(Boolean);

/** The deepest part of a path that exists, its links resolved, and the names that are missing below it. */
async function findExisting(root: string, names: readonly string[]): Promise<{ path: string; missing: string[] }> {
  for (let count = names.length; count >= 0; count -= 1) {
    const path = join(root, ...names.slice(0, count));
    try {
      return { path: await realpath(path), missing: names.slice(count) };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // A link that leads nowhere is not ours to follow.
      if (await isLink(path))
        throw new Error(`${path} is a symbolic link to ${await readlink(path)}, which is missing`);
    }
  }
  return { path: root, missing: [...names] };
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );

/**
 * Opens what a subPath names inside its volume, making folders where it is missing. Containers write into their
 * volumes at any time, so links are resolved first, must lie inside, and on the way there nothing is a link any more:
 * the open handle stays what was checked, whatever happens to the path. The caller closes it.
 */
export async function openSubPath(
  volumePath: string,
  subPath: string,
  { make }: { readonly make: boolean } = { make: true },
): Promise<FileHandle> {
  const root = await realpath(volumePath);
  const { path, missing } = await findExisting(root, subPath.split('/').filter(Boolean));
  if (!isWithin(path, root)) throw new Error(`subpath ${JSON.stringify(path)} not within volume path ${root}`);
  // With its set-group-ID bit (what the pod's group owns it owns all the way down) and its sticky one.
  const mode = (await stat(root)).mode & 0o7777;
  const start = await open(root, O_PATH | constants.O_DIRECTORY);
  const names = [...namesBetween(root, path), ...missing];
  return walk(start, names, make ? (folder, name) => makeFolder(folder, name, mode) : undefined);
}

async function makeFolder(parent: FileHandle, name: string, mode: number): Promise<void> {
  await mkdir(join(pathOfHandle(parent), name), { mode });
  // Past the umask, and through a handle: whoever puts a link in the new folder's place gains nothing.
  const folder = await openWithin(parent, name);
  try {
    if ((await folder.stat()).isDirectory()) await chmod(pathOfHandle(folder), mode);
  } finally {
    await folder.close();
  }
}
