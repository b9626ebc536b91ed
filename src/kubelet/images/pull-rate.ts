import type { Clock } from '../../base/clock.ts';
import { createRateLimit } from '../../base/rate-limit.ts';

/** Allows so many pulls a second on average, and `burst` at once after a rest; `perSecond` 0: any number. */
export function pullRate(clock: Clock, perSecond: number, burst: number): () => boolean {
  if (perSecond === 0) return () => true;
  const mayPull = createRateLimit({ perSecond, burst });
  return () => mayPull(clock.now());
}
