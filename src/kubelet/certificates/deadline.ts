import type { Clock, Instant } from '../../base/clock.ts';
import { noClientCertificate } from './errors.ts';
import { holds } from './rotation.ts';
import type { StoredCertificate } from './store.ts';

const lookEveryMs = 10_000;
/** A first certificate may take a while: someone may have to approve it. */
const patienceMs = 5 * 60_000;

export interface DeadlineOptions {
  readonly current: () => StoredCertificate | undefined;
  readonly clock: Clock;
  /** Whether the API server can be reached at all: while it cannot, nothing is lost by waiting. */
  readonly serverAnswers: () => Promise<boolean>;
}

/**
 * Rejects when the kubelet has become nobody to an API server that is there: its certificate has ended, or none came.
 * Starting anew is then the way out, since that is when the bootstrap token is used.
 */
export async function failWithoutCertificate(options: DeadlineOptions, signal: AbortSignal): Promise<void> {
  const { clock } = options;
  const startedAt = clock.now();
  let since: Instant | undefined;
  while (!signal.aborted) {
    const seen = options.current();
    // One that had ended before the start is what the start was for: the next one gets its time.
    const current = seen !== undefined && seen.notAfter.getTime() > startedAt ? seen : undefined;
    const now = clock.now();
    since = holds(current, now) ? undefined : (current?.notAfter.getTime() ?? since ?? now);
    const patience = current === undefined ? patienceMs : 0;
    if (since !== undefined && now - since >= patience && (await options.serverAnswers())) {
      throw noClientCertificate(new Date(since).toISOString());
    }
    await clock.sleep(lookEveryMs, signal).catch(() => undefined);
  }
}
