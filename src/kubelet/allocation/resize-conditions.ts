import type { PodCondition } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { toApiTime } from '../times.ts';

/** How many pods of a class wait, and why. */
export interface PendingCount {
  readonly reason: 'deferred' | 'infeasible';
  readonly bucket: string;
  readonly pods: number;
}

export type PendingReason = 'Deferred' | 'Infeasible';

interface Held {
  readonly pending?: PodCondition | undefined;
  /** The class of the pod's priority. */
  readonly bucket?: string;
  readonly inProgress?: PodCondition | undefined;
}

/** What each pod's status says of its resize: that it waits, that it is under way. */
export class ResizeConditions {
  readonly #held = new Map<string, Held>();
  readonly #clock: Clock;
  readonly #onChange: () => void;
  /** Classes that were counted once are counted on, or their gauges would stay. */
  readonly #buckets = new Set<string>();

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** In the order of the pod's status. */
  list(uid: string): readonly PodCondition[] {
    const held = this.#held.get(uid);
    return [held?.pending, held?.inProgress].filter((condition) => condition !== undefined);
  }

  pending(uid: string): PodCondition | undefined {
    return this.#held.get(uid)?.pending;
  }

  /** Answers whether it says something new. */
  setPending(uid: string, reason: PendingReason, message: string, generation: number, bucket: string): boolean {
    const before = this.#held.get(uid)?.pending;
    this.#put(uid, { bucket, pending: this.#condition('PodResizePending', before, reason, message, generation) });
    return before?.reason !== reason || before.observedGeneration !== generation;
  }

  /** Answers what was said, if anything. */
  clearPending(uid: string): PodCondition | undefined {
    const before = this.#held.get(uid)?.pending;
    if (before !== undefined) this.#put(uid, { pending: undefined });
    return before;
  }

  /** A resize was granted: what was said of an earlier one is no longer true. */
  begin(uid: string, generation: number): void {
    this.#put(uid, { inProgress: this.#condition('PodResizeInProgress', undefined, '', '', generation) });
  }

  /** It is under way still, or again. Keeps the reason and the generation that are there. */
  keepGoing(uid: string, generation: number): void {
    if (this.#held.get(uid)?.inProgress === undefined) this.begin(uid, generation);
  }

  /** Answers the generation it is for, when this error is new. */
  fail(uid: string, message: string, generation: number): number | undefined {
    const before = this.#held.get(uid)?.inProgress;
    const observed = before?.observedGeneration ?? generation;
    this.#put(uid, { inProgress: this.#condition('PodResizeInProgress', before, 'Error', message, observed) });
    return before?.reason === 'Error' && before.message === message ? undefined : observed;
  }

  /** Answers the generation that is in force now, when a resize was under way. */
  finish(uid: string): number | undefined {
    const before = this.#held.get(uid)?.inProgress;
    if (before === undefined) return undefined;
    this.#put(uid, { inProgress: undefined });
    return before.observedGeneration ?? 0;
  }

  /** Takes over what the API says of the pod, after a restart. */
  adopt(uid: string, conditions: readonly PodCondition[], bucket: string): void {
    if (this.#held.has(uid)) return;
    const pending = conditions.find(({ type }) => type === 'PodResizePending');
    const inProgress = conditions.find(({ type }) => type === 'PodResizeInProgress');
    if (pending !== undefined || inProgress !== undefined) this.#put(uid, { pending, inProgress, bucket });
  }

  forget(uid: string): void {
    if (this.#held.delete(uid)) this.#onChange();
  }

  counts(): { readonly pending: readonly PendingCount[]; readonly inProgress: number } {
    const held = [...this.#held.values()];
    const waiting = (reason: PendingReason, bucket: string) =>
      held.filter((one) => one.pending?.reason === reason && one.bucket === bucket).length;
    return {
      pending: [...this.#buckets].flatMap((bucket) => [
        { reason: 'deferred' as const, bucket, pods: waiting('Deferred', bucket) },
        { reason: 'infeasible' as const, bucket, pods: waiting('Infeasible', bucket) },
      ]),
      inProgress: held.filter(({ inProgress }) => inProgress !== undefined).length,
    };
  }

  #put(uid: string, change: Held): void {
    const next = { ...this.#held.get(uid), ...change };
    if (next.pending !== undefined && next.bucket !== undefined) this.#buckets.add(next.bucket);
    if (next.pending === undefined && next.inProgress === undefined) this.#held.delete(uid);
    else this.#held.set(uid, next);
    this.#onChange();
  }

  #condition(
    type: 'PodResizePending' | 'PodResizeInProgress',
    before: PodCondition | undefined,
    reason: string,
    message: string,
    observedGeneration: number,
  ): PodCondition {
    const now = toApiTime(this.#clock.now());
    const same = before !== undefined && (before.reason ?? '') === reason;
    return {
      type,
      status: 'True',
      lastProbeTime: now,
      lastTransitionTime: same ? (before.lastTransitionTime ?? now) : now,
      observedGeneration,
      ...(reason === '' ? {} : { reason }),
      ...(message === '' ? {} : { message }),
    };
  }
}
