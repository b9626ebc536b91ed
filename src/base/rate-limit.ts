import type { Instant } from './clock.ts';

/** Answers whether one more may come now: `burst` at once, and after that as many a second as were said. */
export function createRateLimit({
  perSecond,
  burst,
}: {
  readonly perSecond: number;
  readonly burst: number;
}): (now: Instant) => boolean {
  let left = burst;
  let seen: Instant | undefined;
  return (now) => {
    left = Math.min(burst, left + (Math.max(0, now - (seen ?? now)) * perSecond) / 1000);
    seen = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
