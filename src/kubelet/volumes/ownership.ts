import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const setGid = 0o2000;

/** What a group needs: to read, and to write unless the volume is read-only; to enter folders and pass on its ownership. */
const groupBits = (isFolder: boolean, readOnly: boolean): number =>
  (readOnly ? 0o440 : 0o660) | (isFolder ? setGid | 0o110 : 0);

/** A file's mode once a group owns the volume it lies in. */
export const groupMode = (mode: number, isFolder: boolean, readOnly: boolean): number =>
  mode | groupBits(isFolder, readOnly);

export interface GroupOwnership {
  readonly group: number;
  readonly readOnly: boolean;
  /** Nothing is done when the volume's root belongs to the group already. */
  readonly onRootMismatch: boolean;
  /** Called for each file, for whoever watches the progress. */
  readonly onFile?: (path: string) => void;
  /** Called for what the file system does not let be changed, as some shared ones do not: the pod may do without. */
  readonly onRefused?: (change: 'Lchown' | 'chmod', path: string, error: unknown) => void;
}

/**
 * Gives a volume's files to the pod's fsGroup.
 * https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
 */
export async function applyGroup(folder: string, ownership: GroupOwnership): Promise<void> {
  const root = await lstat(folder);
  const wanted = groupBits(true, ownership.readOnly);
  if (ownership.onRootMismatch && root.gid === ownership.group && (root.mode & wanted) === wanted) return;
  await own(folder, ownership);
}

/** What lies in a folder goes before it: one whose own owner is right was done to its end. */
async function own(path: string, ownership: GroupOwnership): Promise<void> {
  const info = await lstat(path);
  if (info.isDirectory()) for (const name of await readdir(path)) await own(join(path, name), ownership);
  const refused = (change: 'Lchown' | 'chmod') => (error: unknown) => ownership.onRefused?.(change, path, error);
  await lchown(path, info.uid, ownership.group).catch(refused('Lchown'));
  ownership.onFile?.(path);
  if (info.isSymbolicLink()) return;
  const mode = groupMode(info.mode & 0o7777, info.isDirectory(), ownership.readOnly);
  await chmod(path, mode).catch(refused('chmod'));
}
