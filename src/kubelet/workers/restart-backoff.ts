import type { Instant } from '../../base/clock.ts';

interface Entry {
  readonly delayMs: number;
  readonly updatedAt: Instant;
}

const pruneAbove = 500;

export interface RestartBackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Growing waits by key: nothing before the first retry, then `firstMs`, doubled each time up to `maxMs`, forgotten
 * when twice `maxMs` have passed without a further failure.
 */
export class RestartBackoff {
  private readonly entries = new Map<string, Entry>();
  private readonly options: RestartBackoffOptions;

  constructor(options: RestartBackoffOptions) {
    this.options = options;
  }

  /** When what failed at `failedAt` may be tried again, and the whole wait; undefined: at once. */
  retryOf(key: string, failedAt: Instant): { readonly at: Instant; readonly delayMs: number } | undefined {
    const entry = this.live(key, failedAt);
    return entry && { at: failedAt + entry.delayMs, delayMs: entry.delayMs };
  }

  /** It is tried again now, after having failed at `failedAt`: the next wait is longer. */
  bump(key: string, failedAt: Instant, now: Instant): void {
    const { firstMs, maxMs } = this.options;
    const entry = this.live(key, failedAt);
    if (this.entries.size >= pruneAbove) this.prune(now);
    this.entries.set(key, {
      delayMs: entry === undefined ? Math.min(firstMs, maxMs) : Math.min(entry.delayMs * 2, maxMs),
      updatedAt: now,
    });
  }

  /** Forgets what has not failed for long: keys of pods that are gone are never asked for again. */
  private prune(now: Instant): void {
    for (const [key, { updatedAt }] of this.entries) {
      if (now - updatedAt > 2 * this.options.maxMs) this.entries.delete(key);
    }
  }

  private live(key: string, at: Instant): Entry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && at - entry.updatedAt <= 2 * this.options.maxMs ? entry : undefined;
  }
}
