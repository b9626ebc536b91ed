import { join } from 'node:path';

/** The folder of a pod below the kubelet's root. */
export const podFolder = (rootDir: string, uid: string): string => join(rootDir, 'pods', uid);

/** Where a volume lies: `plugin` as in `kubernetes.io~empty-dir`. */
export const volumeFolder = (rootDir: string, uid: string, plugin: string, name: string): string =>
  join(podFolder(rootDir, uid), 'volumes', `kubernetes.io~${plugin}`, name);

/** Says that an emptyDir was made ready once. */
export const readyMarker = (rootDir: string, uid: string, name: string): string =>
  join(podFolder(rootDir, uid), 'plugins', 'kubernetes.io~empty-dir', name, 'ready');

/** Where the subPath of a mount is held in place. */
export const subPathTarget = (rootDir: string, uid: string, volume: string, container: string, index: number): string =>
  join(podFolder(rootDir, uid), 'volume-subpaths', volume, container, String(index));
