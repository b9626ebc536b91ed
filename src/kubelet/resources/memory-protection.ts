import type { Container, Pod } from '../../api/types.ts';
import { unitsOf } from '../quantity.ts';
import { computePodAmounts } from './pod-resources.ts';
import { computeQosClass } from './qos.ts';

/**
 * How cgroup v2 guards and slows memory below its limit.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/#memory-qos-with-cgroup-v2
 */
export interface MemoryQos {
  /** How far between request and limit a container is slowed down, 0 to 1; undefined: never. */
  readonly throttlingFactor: number | undefined;
  /** What pods ask for is kept from being reclaimed: wholly for guaranteed ones, as far as may be for burstable ones. */
  readonly tiered: boolean;
  /** Bytes that all pods together may use: the limit of what has none. */
  readonly allocatableBytes: number;
}

/** Bytes of memory.min, memory.low and memory.high; whatever is absent is left as it is. */
export interface MemoryProtection {
  readonly memoryMin?: number;
  readonly memoryLow?: number;
  readonly memoryHigh?: number;
}

/** The kernel counts in pages; where they are larger it rounds down further. */
const pageBytes = 4096;

/** Where slowing down begins, in bytes; undefined: nowhere below the limit. */
function highOf(request: number, limit: number, factor: number): number | undefined {
  if (request === limit && request !== 0) return undefined;
  const high = Math.floor((request + (limit - request) * factor) / pageBytes) * pageBytes;
  return high > request ? high : undefined;
}

const reservationOf = (pod: Pod, request: number): MemoryProtection =>
  computeQosClass(pod) === 'Guaranteed' ? { memoryMin: request } : { memoryLow: request };

/** What a container is guarded and slowed by. One that its pod as a whole limits is slowed down with its pod. */
export function computeContainerProtection(
  pod: Pod,
  { resources }: Pick<Container, 'resources'>,
  { throttlingFactor, tiered, allocatableBytes }: MemoryQos,
): MemoryProtection {
  const request = unitsOf(resources?.requests?.memory);
  const limit = unitsOf(resources?.limits?.memory);
  const ofPod = limit === 0 && unitsOf(pod.spec?.resources?.limits?.memory) > 0;
  const high =
    throttlingFactor === undefined || ofPod ? undefined : highOf(request, limit || allocatableBytes, throttlingFactor);
  return {
    ...(request > 0 && tiered ? reservationOf(pod, request) : { memoryMin: 0, memoryLow: 0 }),
    ...(high === undefined ? {} : { memoryHigh: high }),
  };
}

/** What a pod's own cgroup is guarded and, where the pod as a whole has resources, slowed by. */
export function computePodProtection(pod: Pod, { throttlingFactor, tiered }: MemoryQos): MemoryProtection {
  const request = computePodAmounts(pod, 'requests').memory ?? 0;
  const limit = pod.spec?.resources === undefined ? 0 : (computePodAmounts(pod, 'limits').memory ?? 0);
  const limited =
    unitsOf(pod.spec?.resources?.limits?.memory) > 0 ||
    [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].every(
      ({ resources }) => unitsOf(resources?.limits?.memory) > 0,
    );
  const high =
    throttlingFactor === undefined || limit === 0 || !limited ? undefined : highOf(request, limit, throttlingFactor);
  return {
    ...(request > 0 && tiered ? reservationOf(pod, request) : {}),
    ...(high === undefined ? {} : { memoryHigh: high }),
  };
}

/** What the cgroups above the pods need, as the kernel guards nothing beyond what its parent is guarded by. */
export function computeTreeProtection(
  pods: Iterable<Pod>,
  { tiered }: MemoryQos,
): { readonly kubepods: MemoryProtection; readonly burstable: MemoryProtection } {
  const sums = { Guaranteed: 0, Burstable: 0, BestEffort: 0 };
  if (tiered) for (const pod of pods) sums[computeQosClass(pod)] += computePodAmounts(pod, 'requests').memory ?? 0;
  return {
    kubepods: { memoryMin: sums.Guaranteed + sums.Burstable, memoryLow: sums.Burstable },
    burstable: { memoryLow: sums.Burstable },
  };
}
