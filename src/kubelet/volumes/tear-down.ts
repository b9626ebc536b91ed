import { lstat, readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { MountTable } from './mount-table.ts';
import { podFolder } from './paths.ts';

/** Volumes whose content is the pod's own, and goes with it. Of all others only the empty place goes. */
const owned: ReadonlySet<string> = new Set([
  'kubernetes.io~empty-dir',
  'kubernetes.io~configmap',
  'kubernetes.io~secret',
  'kubernetes.io~projected',
  'kubernetes.io~downward-api',
]);

const list = async (folder: string) => {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

/** Removes folders and empty files, but nothing that has content: what is left behind was somebody's data. */
async function removeEmptyTree(path: string): Promise<void> {
  const info = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (info === undefined) return;
  if (info.isDirectory()) {
    for (const { name } of await list(path)) await removeEmptyTree(join(path, name));
    await rmdir(path);
  } else if (info.size === 0) await unlink(path);
  else throw new Error(`${path} is not empty, so it is left alone`);
}

async function removeVolumes(folder: string): Promise<void> {
  for (const plugin of await list(folder)) {
    const path = join(folder, plugin.name);
    if (owned.has(plugin.name)) await rm(path, { recursive: true, force: true });
    else await removeEmptyPlaces(path);
  }
  await rm(folder, { recursive: true, force: true });
}

async function removeEmptyPlaces(pluginFolder: string): Promise<void> {
  for (const { name } of await list(pluginFolder)) await rmdir(join(pluginFolder, name));
  await rmdir(pluginFolder);
}

/** Names of devices are the pod's, what they lead to is not. Rejects where something else lies. */
async function removeDeviceLinks(folder: string): Promise<void> {
  for (const plugin of await list(folder)) {
    const path = join(folder, plugin.name);
    for (const link of await list(path)) await unlink(join(path, link.name));
    await rmdir(path);
  }
  await rmdir(folder).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

const mountsBelow = async (folder: string, mounts: MountTable): Promise<readonly string[]> =>
  (await mounts.targets()).filter((target) => target.startsWith(`${folder}/`));

/** Unmounts what holds parts of a pod's volumes for its containers. */
export async function releaseSubPaths(rootDir: string, uid: string, mounts: MountTable): Promise<void> {
  const held = await mountsBelow(join(podFolder(rootDir, uid), 'volume-subpaths'), mounts);
  await mounts.unmount(held.toReversed());
}

/**
 * Unmounts and removes all volumes of a pod, and answers how many mounts there were. Rejects, and removes nothing,
 * while something is still mounted: what lies there is not the pod's to delete.
 */
export async function tearDown(rootDir: string, uid: string, mounts: MountTable): Promise<number> {
  const folder = podFolder(rootDir, uid);
  const below = await mountsBelow(folder, mounts);
  if (below.length > 0) {
    let problem: unknown;
    await mounts.unmount(below.toReversed()).catch((error: unknown) => {
      problem = error;
    });
    const left = await mountsBelow(folder, mounts);
    if (left.length > 0)
      throw new Error(`orphaned pod "${uid}" found, but volumes are still mounted: ${left.join(', ')}`, {
        cause: problem,
      });
  }
  await removeEmptyTree(join(folder, 'volume-subpaths'));
  await removeVolumes(join(folder, 'volumes'));
  await removeDeviceLinks(join(folder, 'volumeDevices'));
  await rm(join(folder, 'plugins', 'kubernetes.io~empty-dir'), { recursive: true, force: true });
  return below.length;
}
