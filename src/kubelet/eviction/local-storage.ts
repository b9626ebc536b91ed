import type { Pod } from '../../api/types.ts';
import { isSidecar } from '../pod-facts.ts';
import { renderBytes, unitsOf } from '../quantity.ts';
import { computePodAmounts } from '../resources/index.ts';
import type { PodUsage } from '../stats/index.ts';
import type { DiskLayout } from './signals.ts';
import { ephemeralBytesOf } from './usage.ts';

/** A limit of the pod's own that it is over. `signal` is how kubelet_evictions names it. */
export interface OverLimit {
  readonly signal: 'emptydirfs.limit' | 'ephemeralpodfs.limit' | 'ephemeralcontainerfs.limit';
  readonly message: string;
}

const storage = 'ephemeral-storage';

const limitedContainers = (pod: Pod): ReadonlyMap<string, string> =>
  new Map(
    [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)].flatMap(
      ({ name, resources }) => {
        const limit = resources?.limits?.[storage];
        return limit !== undefined && unitsOf(limit) > 0 ? [[name, limit] as const] : [];
      },
    ),
  );

/** Whether the pod's use of local storage has to be watched at all. Asked of every pod at every look, so it computes nothing. */
export const hasStorageLimits = ({ spec }: Pod): boolean =>
  (spec?.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
  [spec, ...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(
    (holder) => holder?.resources?.limits?.[storage] !== undefined,
  );

/** The first of the pod's own limits of local storage that it exceeds: a volume's, its own, a container's. */
export function findOverLimit(pod: Pod, usage: PodUsage, layout: DiskLayout): OverLimit | undefined {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    const used = usage.volumes.find((volume) => volume.name === name)?.bytes ?? 0;
    if (limit === undefined || unitsOf(limit) === 0 || used <= unitsOf(limit)) continue;
    return { signal: 'emptydirfs.limit', message: `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". ` };
  }
  const ofPod = computePodAmounts(pod, 'limits')[storage];
  if (ofPod !== undefined && ephemeralBytesOf(pod, usage) > ofPod) {
    return {
      signal: 'ephemeralpodfs.limit',
      message: `Pod ephemeral local storage usage exceeds the total limit of containers ${renderLimit(pod, ofPod)}. `,
    };
  }
  const limits = limitedContainers(pod);
  for (const { name, logBytes, layerBytes } of usage.containers) {
    const limit = limits.get(name);
    // On a file system of their own, the layers are not the node's storage.
    const used = logBytes + (layout === 'shared' ? layerBytes : 0);
    if (limit === undefined || used <= unitsOf(limit)) continue;
    return {
      signal: 'ephemeralcontainerfs.limit',
      message: `Container ${name} exceeded its local ephemeral storage limit "${limit}". `,
    };
  }
  return undefined;
}

/** As the pod says it where one container says it all, else in the largest unit that fits. */
function renderLimit(pod: Pod, total: number): string {
  const said = [...limitedContainers(pod).values()];
  const [only] = said;
  return said.length === 1 && only !== undefined && unitsOf(only) === total ? only : renderBytes(total);
}
