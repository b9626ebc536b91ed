import type { Pod } from '../../api/types.ts';
import type { Journal } from '../../journal/journal.ts';
import { logNameOf } from '../pod-facts.ts';

const nodeCriticalPriority = 2_000_001_000;
const nodeCritical = 'system-node-critical';

/** What is doubtful about a static pod's priority, which nobody resolves from its class; undefined when nothing is. */
export function findPriorityWarning(pod: Pod): string | undefined {
  const { priority, priorityClassName = '' } = pod.spec ?? {};
  if (priority === undefined)
    return priorityClassName === ''
      ? undefined
      : 'Static pod has priorityClassName and nil priority. Kubelet will not use priorityClassName, and mirror pod creation may fail.';
  if (priorityClassName === '')
    return "Static pod has priority without priorityClassName. Mirror pod creation may fail if the default priority class doesn't match the given priority.";
  return priority === nodeCriticalPriority && priorityClassName === nodeCritical
    ? undefined
    : `Static pod has a priority other than ${nodeCriticalPriority} or a priorityClassName other than ${nodeCritical}. Mirror pod may be attempted to be evicted from the node ineffectively.`;
}

/** Tells of doubtful priorities, of each doubt once: manifests are read again and again. */
export function priorityWarner(journal: Journal): (pod: Pod) => void {
  const told = new Set<string>();
  return (pod) => {
    const text = findPriorityWarning(pod);
    if (text === undefined || told.has(text)) return;
    told.add(text);
    journal.write({ kind: 'source.priorityDoubtful', pod: logNameOf(pod), text });
  };
}
