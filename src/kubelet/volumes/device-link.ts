import { mkdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where a pod's raw block device is named: `plugin` as in `local-volume`. */
export const deviceLink = (rootDir: string, podUid: string, plugin: string, name: string): string =>
  join(rootDir, 'pods', podUid, 'volumeDevices', `kubernetes.io~${plugin}`, name);

/** Names a device for a pod, whether it is there yet or not. */
export async function linkDevice(link: string, device: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true, mode: 0o750 });
  const before = await readlink(link).catch(() => undefined);
  if (before === device) return;
  await rm(link, { force: true });
  await symlink(device, link);
}

/** Rejects unless the path leads to a block device. */
export async function expectBlockDevice(path: string): Promise<void> {
  if (!(await stat(path)).isBlockDevice()) throw new Error(`${path} is not a block device`);
}
