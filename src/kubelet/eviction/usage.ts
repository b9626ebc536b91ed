import type { Pod } from '../../api/types.ts';
import { computePodAmounts } from '../resources/index.ts';
import type { PodUsage } from '../stats/index.ts';

/** What counts as a pod's use of a file system. */
export type DiskPart = 'layers' | 'logs' | 'volumes';

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Volumes that lie on the node's own file system. */
const localVolumes = (pod: Pod): ReadonlySet<string> =>
  new Set(
    (pod.spec?.volumes ?? [])
      .filter(
        ({ hostPath, configMap, emptyDir }) =>
          hostPath !== undefined ||
          configMap !== undefined ||
          (emptyDir !== undefined && (emptyDir.medium ?? '') === ''),
      )
      .map(({ name }) => name),
  );

/** Bytes and inodes that the pod holds in these parts. */
export function diskUsageOf(
  pod: Pod,
  usage: PodUsage,
  parts: readonly DiskPart[],
): { readonly bytes: number; readonly inodes: number } {
  const layers = parts.includes('layers') ? usage.containers : [];
  const logs = parts.includes('logs') ? usage.containers : [];
  const local = localVolumes(pod);
  const volumes = parts.includes('volumes') ? usage.volumes.filter(({ name }) => local.has(name)) : [];
  return {
    bytes: sum([
      ...layers.map((c) => c.layerBytes),
      ...logs.map((c) => c.logBytes),
      ...volumes.map(({ bytes }) => bytes),
    ]),
    inodes: sum([
      ...layers.map((c) => c.layerInodes),
      ...logs.map((c) => c.logInodes),
      ...volumes.map(({ inodes }) => inodes),
    ]),
  };
}

/** All that counts against a pod's limits of ephemeral storage. */
export const ephemeralBytesOf = (pod: Pod, usage: PodUsage): number =>
  diskUsageOf(pod, usage, ['layers', 'logs', 'volumes']).bytes;

export const requestOf = (pod: Pod, resource: string): number => computePodAmounts(pod, 'requests')[resource] ?? 0;
