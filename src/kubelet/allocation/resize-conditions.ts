import type { PodCondition } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { toApiTime } from '../times.ts';

export type PendingReason = 'Deferred' | 'Infeasible';

interface Held {
  readonly pending?: PodCondition | undefined;
  readonly inProgress?: PodCondition | undefined;
}

/** What each pod's status says of its resize: that it waits, that it is under way. */
export class ResizeConditions {
  readonly #held = new Map<string, Held>();
  readonly #clock: Clock;
  readonly #onChange: () => void;

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
  setPending(uid: string, reason: PendingReason, message: string, generation: number): boolean {
    const before = this.#held.get(uid)?.pending;
    this.#put(uid, { pending: this.#condition('PodResizePending', before, reason, message, generation) });
    return before?.reason !== reason || before.observedGeneration !== generation;
  }

  clearPending(uid: string): void {
    if (this.#held.get(uid)?.pending !== undefined) this.#put(uid, { pending: undefined });
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
  adopt(uid: string, conditions: readonly PodCondition[]): void {
    if (this.#held.has(uid)) return;
    const pending = conditions.find(({ type }) => type === 'PodResizePending');
    const inProgress = conditions.find(({ type }) => type === 'PodResizeInProgress');
    if (pending !== undefined || inProgress !== undefined) this.#put(uid, { pending, inProgress });
  }

  forget(uid: string): void {
    if (this.#held.delete(uid)) this.#onChange();
  }

  counts(): { readonly pending: Record<'deferred' | 'infeasible', number>; readonly inProgress: number } {
    const held = [...this.#held.values()];
    const waiting = (reason: PendingReason) => held.filter(({ pending }) => pending?.reason === reason).length;
    return {
      pending: { deferred: waiting('Deferred'), infeasible: waiting('Infeasible') },
      inProgress: held.filter(({ inProgress }) => inProgress !== undefined).length,
    };
  }

  #put(uid: string, change: Held): void {
    const next = { ...this.#held.get(uid), ...change };
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
