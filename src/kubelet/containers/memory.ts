import type { Pod } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { isCriticalPod } from '../pod-facts.ts';
import { unitsOf } from '../quantity.ts';
import { computeContainerProtection, type MemoryQos } from '../resources/memory-protection.ts';
import { computeQosClass } from '../resources/qos.ts';

export interface SwapSettings {
  /** False: no container swaps. */
  readonly limited: boolean;
  /** All of the node's swap. */
  readonly nodeSwapBytes: number;
  readonly nodeMemoryBytes: number;
}

/**
 * Bytes of swap that a container may use under cgroup v2: of the node's swap what it asks for of the node's memory.
 * Only burstable pods that are not critical, and only containers that may grow beyond their request.
 * https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/
 */
export function computeSwapLimit(pod: Pod, { resources }: RunnableContainer, settings: SwapSettings): number {
  const { limited, nodeSwapBytes, nodeMemoryBytes } = settings;
  const request = unitsOf(resources?.requests?.memory);
  const limit = unitsOf(resources?.limits?.memory);
  if (!limited || isCriticalPod(pod) || computeQosClass(pod) !== 'Burstable' || request === limit) return 0;
  return request > nodeMemoryBytes ? 0 : Math.floor((request / nodeMemoryBytes) * nodeSwapBytes);
}

/** memory.min, memory.low and memory.high as cgroup v2's files, by name; what was slowed down before and is not to be now says so. */
export function renderMemoryQos(
  pod: Pod,
  container: RunnableContainer,
  qos: MemoryQos | undefined,
): Readonly<Record<string, string>> {
  if (qos === undefined) return { 'memory.high': 'max' };
  const { memoryMin, memoryLow, memoryHigh } = computeContainerProtection(pod, container, qos);
  const files = { 'memory.min': memoryMin, 'memory.low': memoryLow, 'memory.high': memoryHigh };
  return Object.fromEntries(
    Object.entries(files).flatMap(([file, bytes]) => (bytes === undefined ? [] : [[file, String(bytes)]])),
  );
}
