import type { Pod } from '../../api/types.ts';
import type { PodUsage } from '../stats/index.ts';
import { type DiskLayout, type Signal, signalFacts } from './signals.ts';
import { type DiskPart, diskUsageOf, requestOf } from './usage.ts';

export interface RankInputs {
  readonly signal: Signal;
  readonly layout: DiskLayout;
  readonly pods: readonly Pod[];
  readonly usageOf: (pod: Pod) => PodUsage | undefined;
}

/** What of a pod lies on the file system that is short. */
function partsOn(signal: Signal, layout: DiskLayout): readonly DiskPart[] {
  if (layout === 'shared') return ['layers', 'logs', 'volumes'];
  const fileSystem = signal.split('.')[0];
  if (layout === 'imagesAndContainers') return fileSystem === 'nodefs' ? ['logs', 'volumes'] : ['layers'];
  return fileSystem === 'imagefs' ? [] : ['layers', 'logs', 'volumes'];
}

/** How much of what is short the pod uses beyond what was promised to it. */
function overOf(pod: Pod, usage: PodUsage, { signal, layout }: RankInputs): number {
  switch (signalFacts[signal].resource) {
    case 'memory':
      return usage.memoryBytes - requestOf(pod, 'memory');
    case 'pids':
      return usage.processes;
    case 'ephemeral-storage':
      return diskUsageOf(pod, usage, partsOn(signal, layout)).bytes - requestOf(pod, 'ephemeral-storage');
    case 'inodes':
      return diskUsageOf(pod, usage, partsOn(signal, layout)).inodes;
  }
}

/**
 * The pods, those to be evicted first in front: such of which nothing is known, such as use more than they asked for,
 * then those of lower priority, then those that use most beyond their requests. Of process IDs nothing can be asked
 * for, so there the priority decides first.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction
 */
export function rankPods(inputs: RankInputs): readonly Pod[] {
  const asksFor = signalFacts[inputs.signal].resource !== 'pids';
  const rows = inputs.pods.map((pod) => {
    const usage = inputs.usageOf(pod);
    const over = usage === undefined ? Number.POSITIVE_INFINITY : overOf(pod, usage, inputs);
    const turn = !asksFor ? 0 : usage === undefined ? 0 : over > 0 ? 1 : 2;
    return { pod, over, turn, priority: pod.spec?.priority ?? 0 };
  });
  return rows
    .sort((a, b) => a.turn - b.turn || a.priority - b.priority || (a.over === b.over ? 0 : b.over - a.over))
    .map(({ pod }) => pod);
}
