import { systemClock } from '../../src/base/clock.ts';
import { waitUntil } from '../../src/base/wait-until.ts';

/**
 * Looks until `look` answers something else than undefined, and answers that; fails with what was seen last. `look`
 * may throw: that too is something seen.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  let found: T | undefined;
  const result = await waitUntil(
    async () => {
      try {
        found = await look();
        return found === undefined ? 'nothing yet' : true;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    { clock: systemClock, everyMs: 200, timeoutMs },
  );
  if (result.kind === 'timedOut' || found === undefined) {
    throw new Error(
      `${what}: not within ${timeoutMs / 1000} s; last seen: ${result.kind === 'timedOut' ? result.lastSeen : 'nothing'}`,
    );
  }
  return found;
}
