import type { QosClass } from './qos.ts';

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** A place in the tree by its logical parts: `['kubelet', 'kubepods', 'burstable', 'pod1234']`. */
export type CgroupName = readonly string[];

/** `/kubelet/` → `['kubelet']`; `/` is the root itself. */
export const parseCgroupRoot = (cgroupRoot: string): CgroupName => cgroupRoot.split('/').filter((part) => part !== '');

export const kubepodsName = (root: CgroupName): CgroupName => [...root, 'kubepods'];

/** Guaranteed pods stand directly below kubepods, the others below their class. */
export const qosName = (root: CgroupName, qos: QosClass): CgroupName =>
  qos === 'Guaranteed' ? kubepodsName(root) : [...kubepodsName(root), qos.toLowerCase()];

export const podName = (root: CgroupName, qos: QosClass, uid: string): CgroupName => [
  ...qosName(root, qos),
  `pod${uid}`,
];

/** systemd nests slices by dashes in their names, so a dash within a part becomes an underscore. */
const escapeSystemd = (part: string): string => part.replaceAll('-', '_');

/**
 * The cgroup's path below a controller's mount: `/kubelet/kubepods/burstable/pod1234` for cgroupfs,
 * `/kubelet.slice/kubelet-kubepods.slice/…` for systemd.
 */
export function cgroupPath(name: CgroupName, driver: CgroupDriver): string {
  if (driver === 'cgroupfs') return `/${name.join('/')}`;
  const parts = name.map(escapeSystemd);
  return `/${parts.map((_part, i) => `${parts.slice(0, i + 1).join('-')}.slice`).join('/')}`;
}

/** The pod's UID of a cgroup folder's name, for either driver; undefined for any other folder. */
export function podUidOf(folder: string, driver: CgroupDriver): string | undefined {
  const match = driver === 'cgroupfs' ? /^pod(.+)$/.exec(folder) : /-pod([^-]+)\.slice$/.exec(folder);
  const uid = match?.[1];
  return driver === 'cgroupfs' ? uid : uid?.replaceAll('_', '-');
}
