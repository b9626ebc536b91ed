import type { Pod } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import { computePodAmounts, computeQosClass } from '../resources/index.ts';

/** A pod that asks for other resources than it was granted. */
export interface PendingResize {
  readonly wanted: Pod;
  readonly granted: Pod;
  /** Since when it waits; undefined: it was not looked at yet. */
  readonly since: Instant | undefined;
}

/** Whether the pod asks for more CPU or memory than it has. */
export function asksForMore({ wanted, granted }: Pick<PendingResize, 'wanted' | 'granted'>): boolean {
  const after = computePodAmounts(wanted, 'requests');
  const before = computePodAmounts(granted, 'requests');
  return (['cpu', 'memory'] as const).some((name) => (after[name] ?? 0) > (before[name] ?? 0));
}

/** Who goes first: those that give something back, then by priority, QoS class and the time they have waited. */
export function sortPendingResizes(pending: readonly PendingResize[]): readonly PendingResize[] {
  const guaranteed = ({ wanted }: PendingResize) => computeQosClass(wanted) === 'Guaranteed';
  const keys = (p: PendingResize) => [
    Number(asksForMore(p)),
    -(p.wanted.spec?.priority ?? 0),
    Number(!guaranteed(p)),
    p.since ?? Number.POSITIVE_INFINITY,
  ];
  return pending
    .map((resize) => ({ resize, key: keys(resize) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ resize }) => resize);
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i += 1) {
    if (a[i] !== b[i]) return (a[i] ?? 0) < (b[i] ?? 0) ? -1 : 1;
  }
  return 0;
}
