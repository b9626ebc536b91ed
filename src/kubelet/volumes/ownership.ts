import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file's mode once a group owns the volume it lies in. */
export const groupMode = (mode: number, isFolder: boolean, readOnly: boolean): number =>
  mode | (readOnly ? 0o440 : 0o660) | (isFolder ? (readOnly ? 0o2550 : 0o2770) & 0o7777 : 0);

/**
 * Gives a volume's files to the pod's fsGroup. `onRootMismatch`: nothing is done when the root has that group already.
 * https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
 */
export async function applyFsGroup(
  folder: string,
  fsGroup: number,
  options: { readOnly: boolean; onRootMismatch: boolean },
): Promise<void> {
  const root = await lstat(folder);
  const complete = root.gid === fsGroup && (root.mode & 0o2060) === (options.readOnly ? 0o2040 : 0o2060);
  if (options.onRootMismatch && complete) return;
  await own(folder, fsGroup, options.readOnly);
}

async function own(path: string, group: number, readOnly: boolean): Promise<void> {
  const info = await lstat(path);
  await lchown(path, info.uid, group);
  if (info.isSymbolicLink()) return;
  await chmod(path, groupMode(info.mode & 0o7777, info.isDirectory(), readOnly));
  if (info.isDirectory()) for (const name of await readdir(path)) await own(join(path, name), group, readOnly);
}
