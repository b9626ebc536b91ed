import type { Pod } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { unitsOf } from '../quantity.ts';
import { computePodAmounts } from '../resources/pod-resources.ts';
import { computeQosClass } from '../resources/qos.ts';

const guaranteedScore = -997;
const bestEffortScore = 1000;
const nodeCriticalPriority = 2_000_001_000;

/**
 * How soon the kernel kills the container when memory runs out: the less it asked for, the sooner. What the pod asks
 * for beyond its containers is shared among them.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior
 */
export function oomScoreAdj(pod: Pod, container: RunnableContainer, nodeMemoryBytes: number): number {
  if ((pod.spec?.priority ?? 0) >= nodeCriticalPriority) return guaranteedScore;
  const qos = computeQosClass(pod);
  if (qos === 'Guaranteed') return guaranteedScore;
  if (qos === 'BestEffort') return bestEffortScore;
  const share = unclaimedShare(pod);
  const score = (c: RunnableContainer) =>
    1000 - Math.floor((1000 * (unitsOf(c.resources?.requests?.memory) + share)) / nodeMemoryBytes);
  const sidecar = pod.spec?.initContainers?.some(
    ({ name, restartPolicy }) => name === container.name && restartPolicy === 'Always',
  );
  // A sidecar outlives at least one of the containers it serves.
  const own = sidecar
    ? Math.min(score(container), Math.max(...(pod.spec?.containers ?? []).map(score)))
    : score(container);
  return Math.min(Math.max(own, 1000 + guaranteedScore), bestEffortScore - 1);
}

/** Bytes that each container has of what only the pod as a whole asks for. */
function unclaimedShare(pod: Pod): number {
  const asked = unitsOf(pod.spec?.resources?.requests?.memory);
  if (asked === 0 || pod.spec === undefined) return 0;
  const { resources: _resources, overhead: _overhead, ...spec } = pod.spec;
  const claimed = computePodAmounts({ ...pod, spec }, 'requests').memory ?? 0;
  return Math.floor(Math.max(0, asked - claimed) / (spec.containers.length + (spec.initContainers?.length ?? 0)));
}
