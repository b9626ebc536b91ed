import type { Clock } from '../../base/clock.ts';

/** Allows so many pulls a second on average, and `burst` at once after a rest; `perSecond` 0: any number. */
export function pullRate(clock: Clock, perSecond: number, burst: number): () => boolean {
  let left = burst;
  let countedAt = clock.now();
  return () => {
    if (perSecond === 0) return true;
    const now = clock.now();
    left = Math.min(burst, left + ((now - countedAt) / 1000) * perSecond);
    countedAt = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
