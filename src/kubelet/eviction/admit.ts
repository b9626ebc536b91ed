import type { Pod } from '../../api/types.ts';
import { isCriticalPod } from '../pod-facts.ts';
import { computeQosClass } from '../resources/index.ts';
import type { NodeCondition } from './signals.ts';

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };

const toleratesMemoryPressure = (pod: Pod): boolean =>
  (pod.spec?.tolerations ?? []).some(
    ({ key, operator, value, effect }) =>
      (!effect || effect === memoryTaint.effect) &&
      (!key || key === memoryTaint.key) &&
      (operator === 'Exists' || (key === memoryTaint.key && !value)),
  );

/**
 * Why a node with these conditions does not take the pod; undefined: it does. What keeps the cluster going is always
 * taken; when only memory is short, so are pods that say how much they need.
 */
export function decidePressureAdmission(pod: Pod, conditions: readonly NodeCondition[]): string | undefined {
  if (conditions.length === 0 || isCriticalPod(pod)) return undefined;
  const onlyMemory = conditions.length === 1 && conditions[0] === 'MemoryPressure';
  if (onlyMemory && (computeQosClass(pod) !== 'BestEffort' || toleratesMemoryPressure(pod))) return undefined;
  return `The node had condition: [${conditions.join(' ')}]. `;
}
