import type { Clock } from './clock.ts';

export type WaitResult = { readonly kind: 'done' } | { readonly kind: 'timedOut'; readonly lastSeen: string };

export interface WaitOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until `look` answers true; otherwise `look` answers a sentence saying what is missing.
 * On timeout the last sentence comes back, so that the error can tell what was seen. Rejects only when the
 * signal aborts or `look` throws.
 */
export async function waitUntil(
  look: () => true | string | Promise<true | string>,
  { clock, everyMs, timeoutMs, signal }: WaitOptions,
): Promise<WaitResult> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const seen = await look();
    if (seen === true) return { kind: 'done' };
    const left = deadline - clock.now();
    if (left <= 0) return { kind: 'timedOut', lastSeen: seen };
    await clock.sleep(Math.min(everyMs, left), signal);
  }
}
