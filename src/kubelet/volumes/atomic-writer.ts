import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { Payload } from './payload.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** `..2026_11_23_12_37_04.1234567890`: the folder that holds one version of the files. */
function versionName(now: Date): string {
  const date = `${now.getUTCFullYear()}_${two(now.getUTCMonth() + 1)}_${two(now.getUTCDate())}`;
  const time = `${two(now.getUTCHours())}_${two(now.getUTCMinutes())}_${two(now.getUTCSeconds())}`;
  return `..${date}_${time}.${randomBytes(4).readUInt32BE()}`;
}

/** Throws for a path that would leave the volume, or hide in the writer's own names. */
function checkPath(path: string): string {
  const clean = normalize(path);
  if (path === '' || clean.startsWith('/') || clean.split('/').includes('..') || clean.startsWith('..')) {
    throw new Error(`invalid path: must be relative and must not contain "..": ${path}`);
  }
  return clean;
}

async function readVersion(folder: string, prefix = ''): Promise<Map<string, { data: Buffer; mode: number }>> {
  const files = new Map<string, { data: Buffer; mode: number }>();
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    if (entry.isDirectory()) for (const [p, file] of await readVersion(folder, path)) files.set(p, file);
    else
      files.set(path, {
        data: await readFile(join(folder, path)),
        mode: (await stat(join(folder, path))).mode & 0o7777,
      });
  }
  return files;
}

const same = (
  a: ReadonlyMap<string, { data: Uint8Array; mode: number }>,
  b: ReadonlyMap<string, { data: Uint8Array; mode: number }>,
): boolean =>
  a.size === b.size &&
  [...a].every(([path, file]) => {
    const other = b.get(path);
    return other !== undefined && other.mode === file.mode && Buffer.compare(file.data, other.data) === 0;
  });

export interface AtomicWriteOptions {
  readonly now: Date;
  /** Called with the new version in place but not shown yet: ownership. It may change modes. */
  readonly prepare?: () => Promise<void>;
  /** The modes that files end up with after `prepare`, so that unchanged content is recognized. */
  readonly finalMode?: (mode: number) => number;
}

/**
 * Makes a folder show exactly these files, all of one version at any moment: `name → ..data/name`, and `..data` is
 * switched in one step. Answers whether anything was written.
 */
export async function writeAtomically(folder: string, payload: Payload, options: AtomicWriteOptions): Promise<boolean> {
  const files = new Map([...payload].map(([path, file]) => [checkPath(path), file]));
  const oldVersion = await readlink(join(folder, '..data')).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  const finalMode = options.finalMode ?? ((mode) => mode);
  const wanted = new Map([...files].map(([path, { data, mode }]) => [path, { data, mode: finalMode(mode) }]));
  const isCurrent = oldVersion !== undefined && same(wanted, await readVersion(join(folder, oldVersion)));
  if (!isCurrent) await switchVersion(folder, files, options);
  // Also when nothing is new: a kubelet may have ended between the switch and this.
  await showNames(folder, new Set([...files.keys()].map((path) => path.split('/')[0] ?? '')));
  if (!isCurrent && oldVersion !== undefined) await rm(join(folder, oldVersion), { recursive: true, force: true });
  return !isCurrent;
}

async function switchVersion(folder: string, files: Payload, { now, prepare }: AtomicWriteOptions): Promise<void> {
  const version = versionName(now);
  const versionFolder = join(folder, version);
  await mkdir(versionFolder, { mode: 0o755 });
  await chmod(versionFolder, 0o755);
  for (const [path, { data, mode, uid }] of files) {
    await mkdir(dirname(join(versionFolder, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(versionFolder, path), data);
    // Past the umask.
    await chmod(join(versionFolder, path), mode);
    if (uid !== undefined) await chown(join(versionFolder, path), uid, -1);
  }
  await prepare?.();
  // One may be left of a kubelet that ended here.
  await rm(join(folder, '..data_tmp'), { force: true });
  await symlink(version, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
}

/** Links for just these names. Folders are not the writer's: other volumes are mounted on them. */
async function showNames(folder: string, shown: ReadonlySet<string>): Promise<void> {
  const there = await readdir(folder, { withFileTypes: true });
  for (const entry of there) {
    const isOurs = entry.isSymbolicLink() && !entry.name.startsWith('..');
    if (isOurs && !shown.has(entry.name)) await rm(join(folder, entry.name));
  }
  const taken = new Set(there.map(({ name }) => name));
  for (const name of shown) if (!taken.has(name)) await symlink(join('..data', name), join(folder, name));
}
