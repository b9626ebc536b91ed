import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { codeOf, KlabError } from '../../base/errors.ts';
import { contextName, type KubeconfigEntry } from './entry.ts';
import { kubeconfigNotReadable, kubeconfigNotWritable } from './errors.ts';
import { type LockOptions, withLock } from './lock.ts';
import { mergeKubeconfig } from './merge.ts';
import { type KubeconfigPlace, kubeconfigPaths, kubeconfigToWrite } from './paths.ts';
import { removeFromKubeconfig } from './remove.ts';

const LOCK: LockOptions = { clock: systemClock, timeoutMs: 10_000 };

/** Adds the entry to the user's kubeconfig and makes it current; returns the file's path. */
export async function addToKubeconfig(
  entry: KubeconfigEntry,
  place: KubeconfigPlace,
  lock: LockOptions = LOCK,
): Promise<string> {
  const path = kubeconfigToWrite(kubeconfigPaths(place), existsSync);
  await makeFolder(dirname(path));
  await withLock(path, async () => replaceFile(path, mergeKubeconfig((await readText(path)) ?? '', entry, path)), lock);
  return path;
}

/**
 * Takes a cluster's entries out of every file that kubectl would read; returns the paths of those that had any.
 * A cluster that no file knows is no error.
 */
export async function removeClusterFromKubeconfig(
  clusterName: string,
  place: KubeconfigPlace,
  lock: LockOptions = LOCK,
): Promise<readonly string[]> {
  const name = contextName(clusterName);
  const changed: string[] = [];
  for (const path of kubeconfigPaths(place)) {
    if (!existsSync(path)) continue;
    await withLock(
      path,
      async () => {
        const text = removeFromKubeconfig((await readText(path)) ?? '', name, path);
        if (text === undefined) return;
        await replaceFile(path, text);
        changed.push(path);
      },
      lock,
    );
  }
  return changed;
}

/**
 * Whether the entry could be added, found out before a cluster is made: throws KUBECONFIG_CORRUPT,
 * KUBECONFIG_NOT_READABLE or KUBECONFIG_NOT_WRITABLE as `addToKubeconfig` would.
 */
export async function checkKubeconfig(place: KubeconfigPlace): Promise<void> {
  const path = kubeconfigToWrite(kubeconfigPaths(place), existsSync);
  const text = await readText(path);
  if (text !== undefined) mergeKubeconfig(text, { name: 'check', cluster: {}, user: {} }, path);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw kubeconfigNotReadable(path, error);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw kubeconfigNotWritable(folder, error);
  }
}

/** Readers see the old file or the new one, never a part; a symbolic link stays one, and the owner stays the same. */
async function replaceFile(path: string, text: string): Promise<void> {
  const target = existsSync(path) ? await realpath(path) : path;
  const draft = `${target}.klab-${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await keepOwner(target, draft);
    await rename(draft, target).catch((error: unknown) => overwriteMountPoint(error, target, draft, text));
  } catch (error) {
    await rm(draft, { force: true });
    throw error instanceof KlabError ? error : kubeconfigNotWritable(path, error);
  }
}

/** A file that is mounted by itself into a container cannot be replaced, only written. */
async function overwriteMountPoint(error: unknown, target: string, draft: string, text: string): Promise<void> {
  if (codeOf(error) !== 'EBUSY') throw error;
  await writeFile(target, text);
  await chmod(target, 0o600);
  await rm(draft);
}

/** Under sudo, the user's file stays the user's. */
async function keepOwner(target: string, draft: string): Promise<void> {
  if (!existsSync(target)) return;
  const [old, own] = await Promise.all([stat(target), stat(draft)]);
  if (old.uid !== own.uid || old.gid !== own.gid) await chown(draft, old.uid, old.gid);
}
