import { compareQuantities, isZeroQuantity } from '../quantity.ts';
import { type PodResourceInfo, sameRequirements } from './resource-state.ts';

export interface RequestedChange {
  readonly resource: 'cpu' | 'memory';
  readonly requirement: 'requests' | 'limits';
  readonly operation: 'add' | 'remove' | 'increase' | 'decrease';
}

/** Whether two versions of a pod ask for the same. */
export const asksTheSame = (a: PodResourceInfo, b: PodResourceInfo): boolean =>
  sameRequirements(a.pod, b.pod) &&
  Object.entries(b.containers).every(([name, wanted]) => sameRequirements(a.containers[name], wanted));

/** What the newer version of a pod asks for otherwise, container by container. */
export function findRequestedChanges(before: PodResourceInfo, after: PodResourceInfo): readonly RequestedChange[] {
  return Object.entries(after.containers).flatMap(([name, wanted]) =>
    (['memory', 'cpu'] as const).flatMap((resource) =>
      (['requests', 'limits'] as const).flatMap((requirement) => {
        const old = before.containers[name]?.[requirement]?.[resource] ?? '0';
        const operation = operationOf(old, wanted[requirement]?.[resource] ?? '0');
        return operation === undefined ? [] : [{ resource, requirement, operation }];
      }),
    ),
  );
}

function operationOf(before: string, after: string): RequestedChange['operation'] | undefined {
  const order = compareQuantities(after, before);
  if (order === 0) return undefined;
  if (isZeroQuantity(after)) return 'remove';
  if (isZeroQuantity(before)) return 'add';
  return order < 0 ? 'decrease' : 'increase';
}

/** The class of a priority in metrics; undefined: the pod is gone. */
export function priorityBucketOf(priority: number | undefined): string {
  if (priority === undefined) return 'unknown';
  if (priority >= 2_000_000_000) return 'system-critical';
  if (priority >= 100_000) return 'high';
  if (priority > 0) return 'medium';
  if (priority === 0) return 'normal';
  return priority >= -999 ? 'low' : 'very-low';
}
