import type { Pod } from '../../api/types.ts';
import { configSeen, configSource, uidOf } from '../pod-facts.ts';
import type { PodChange } from '../workers/index.ts';

/** What the kubelet itself wrote on its copy, which is no change of the pod. */
const localAnnotations = [configSource, configSeen, 'kubernetes.io/config.hash'];

const foreignAnnotations = (pod: Pod): Record<string, string> =>
  Object.fromEntries(
    Object.entries(pod.metadata?.annotations ?? {}).filter(([key]) => !localAnnotations.includes(key)),
  );

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether the pod means something else than before (its status aside). */
export const meaningChanged = (before: Pod, after: Pod): boolean =>
  !same(before.spec, after.spec) ||
  !same(before.metadata?.labels, after.metadata?.labels) ||
  before.metadata?.deletionTimestamp !== after.metadata?.deletionTimestamp ||
  before.metadata?.deletionGracePeriodSeconds !== after.metadata?.deletionGracePeriodSeconds ||
  !same(foreignAnnotations(before), foreignAnnotations(after));

/** One pod's change; undefined when nothing is new. */
export function classifyChange(before: Pod | undefined, after: Pod | undefined): PodChange['operation'] | undefined {
  if (before === undefined) return after === undefined ? undefined : 'ADD';
  if (after === undefined) return 'REMOVE';
  if (meaningChanged(before, after)) return after.metadata?.deletionTimestamp === undefined ? 'UPDATE' : 'DELETE';
  return same(before.status, after.status) ? undefined : 'RECONCILE';
}

/** REMOVE first, so that what a successor needs (its name, a port) is free. */
const order: readonly PodChange['operation'][] = ['REMOVE', 'ADD', 'UPDATE', 'DELETE', 'RECONCILE'];

/** From the pods a source had to those it has now; one change an operation, in the order they are to be handled. */
export function classifyChanges(
  source: string,
  before: ReadonlyMap<string, Pod>,
  after: readonly Pod[],
): readonly PodChange[] {
  const byOperation = new Map<PodChange['operation'], Pod[]>();
  const note = (operation: PodChange['operation'] | undefined, pod: Pod) => {
    if (operation !== undefined) byOperation.set(operation, [...(byOperation.get(operation) ?? []), pod]);
  };
  const uids = new Set(after.map(uidOf));
  for (const [uid, pod] of before) if (!uids.has(uid)) note('REMOVE', pod);
  for (const pod of after) note(classifyChange(before.get(uidOf(pod)), pod), pod);
  return order.flatMap((operation) => {
    const pods = byOperation.get(operation);
    return pods === undefined ? [] : [{ operation, source, pods }];
  });
}
