import type { ObjectChange } from '../../src/api/informer.ts';
import type { Pod } from '../../src/api/types.ts';

export type Moment = 'running' | 'ready' | 'ended' | 'gone';

const momentsOf = ({ status }: Pod): readonly Moment[] => {
  const moments: Moment[] = [];
  if (status?.phase === 'Running') moments.push('running');
  if (status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) moments.push('ready');
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') moments.push('ended');
  return moments;
};

/** When each pod was first seen in each state: what a watch tells, with the time it told it. */
export class Timeline {
  private readonly seen = new Map<Moment, Map<string, number>>();

  /** Takes in what the watch told at `atMs`. */
  add(change: ObjectChange<Pod>, atMs: number): void {
    if (change.kind === 'synced') {
      for (const pod of change.objects) this.addPod(pod, atMs);
      return;
    }
    this.addPod(change.object, atMs);
    if (change.kind === 'deleted') this.remember('gone', change.object, atMs);
  }

  /** When the pod was first seen so; undefined: not yet. */
  at(moment: Moment, pod: string): number | undefined {
    return this.seen.get(moment)?.get(pod);
  }

  /** How many pods were seen so. */
  count(moment: Moment): number {
    return this.seen.get(moment)?.size ?? 0;
  }

  /** When the last pod came so far; NaN when none did. */
  last(moment: Moment): number {
    const times = [...(this.seen.get(moment)?.values() ?? [])];
    return times.length === 0 ? Number.NaN : Math.max(...times);
  }

  private addPod(pod: Pod, atMs: number): void {
    for (const moment of momentsOf(pod)) this.remember(moment, pod, atMs);
  }

  private remember(moment: Moment, { metadata }: Pod, atMs: number): void {
    const times = this.seen.get(moment) ?? new Map<string, number>();
    this.seen.set(moment, times);
    const name = metadata?.name ?? '';
    if (!times.has(name)) times.set(name, atMs);
  }
}
