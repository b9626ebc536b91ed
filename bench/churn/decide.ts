import { computeQuantile } from '../compare/statistics.ts';
import type { HoldingName, Holdings } from './holdings.ts';

/** A finding: what grew, and by how much. */
export interface Leak {
  readonly what: HoldingName;
  readonly before: number;
  readonly after: number;
}

/**
 * How far a count may lie above where it began, though nothing leaks: connections and files that come and go,
 * threads of a pool that has filled up. What belongs to pods has to be gone with them, to the last one.
 */
const slack: Readonly<Partial<Record<HoldingName, number>>> = {
  openFiles: 20,
  threads: 8,
  children: 2,
  // The runtime's own services make and leave a few while they are busy.
  cgroups: 2,
};

/** Things of the node and of the kubelet that there are more of than at first. Memory is judged by its course. */
export function decideLeaks(before: Holdings, after: Holdings): readonly Leak[] {
  return (Object.keys(before) as HoldingName[])
    .filter((what) => what !== 'memoryMb' && after[what] > before[what] + (slack[what] ?? 0))
    .map((what) => ({ what, before: before[what], after: after[what] }));
}

const mayGrow = 1.1;
const mayGrowMb = 10;
const fewest = 6;

/**
 * Whether memory still grows: the last third of the course beside the third before it, each by its median, so that
 * neither the warming up nor a single collection decides. Undefined: it does not, or the course is too short to say.
 */
export function decideMemoryLeak(memoryMb: readonly number[]): Leak | undefined {
  if (memoryMb.length < fewest) return undefined;
  const third = Math.floor(memoryMb.length / 3);
  const before = computeQuantile(memoryMb.slice(-2 * third, -third), 0.5);
  const after = computeQuantile(memoryMb.slice(-third), 0.5);
  return after > before * mayGrow && after > before + mayGrowMb ? { what: 'memoryMb', before, after } : undefined;
}
