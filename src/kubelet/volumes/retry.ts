import { type BackoffCurve, backoffMs } from '../../base/backoff.ts';
import type { Clock, Instant } from '../../base/clock.ts';

const curve: BackoffCurve = { firstMs: 500, factor: 2, maxMs: 122_000 };

const authorizerPatienceMs = 1000;

/** The API server's authorizer hears of a new pod on its own way, at times after the kubelet has: nobody need know. */
export const passesByItself = (problem: string, sinceMs: number): boolean =>
  sinceMs < authorizerPatienceMs && /no relationship found between node|scheduled on a different node/.test(problem);

interface Failing {
  readonly tries: number;
  readonly notBefore: Instant;
}

/**
 * When volumes that could not be set up are tried again. The pauses grow over all syncs of a pod, and end at once when
 * something that the pod refers to has changed.
 */
export function volumeRetries(clock: Clock) {
  const pods = new Map<string, { failing: Map<string, Failing>; sleepers: Set<AbortController> }>();

  const stateOf = (uid: string) => {
    const state = pods.get(uid) ?? { failing: new Map<string, Failing>(), sleepers: new Set<AbortController>() };
    pods.set(uid, state);
    return state;
  };

  return {
    /** Answers when the next try is due. */
    failed(uid: string, volume: string): Instant {
      const { failing } = stateOf(uid);
      const tries = failing.get(volume)?.tries ?? 0;
      const notBefore = clock.now() + backoffMs(curve, tries);
      failing.set(volume, { tries: tries + 1, notBefore });
      return notBefore;
    },
    succeeded(uid: string, volume: string): void {
      pods.get(uid)?.failing.delete(volume);
    },
    isDue: (uid: string, volume: string): boolean =>
      (pods.get(uid)?.failing.get(volume)?.notBefore ?? 0) <= clock.now(),
    /** Resolves when the volume may be tried; rejects when the signal aborts. */
    async due(uid: string, volume: string, signal: AbortSignal): Promise<void> {
      const notBefore = pods.get(uid)?.failing.get(volume)?.notBefore ?? 0;
      const ms = notBefore - clock.now();
      if (ms <= 0) return;
      const { sleepers } = stateOf(uid);
      const early = new AbortController();
      sleepers.add(early);
      try {
        await clock.sleep(ms, AbortSignal.any([signal, early.signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (!early.signal.aborted) throw error;
      } finally {
        sleepers.delete(early);
      }
    },
    /** Something has changed that may be what a volume waits for. */
    hurry(uid: string): void {
      const state = pods.get(uid);
      if (state === undefined) return;
      for (const [volume, { tries }] of state.failing) state.failing.set(volume, { tries, notBefore: 0 });
      for (const sleeper of state.sleepers) sleeper.abort();
    },
    forget(uid: string): void {
      pods.delete(uid);
    },
  };
}
