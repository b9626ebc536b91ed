import { ApiError } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import { backoffMs, jittered } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';

const tries = 5;
const curve = { firstMs: 500, factor: 1.5, maxMs: 5000 };
const jitter = 0.2;

/** Whether asking again may help: there was no answer, the server is busy, or it failed. */
const mayPass = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 0 || error.code === 429 || error.code >= 500);

/**
 * Posts a review (of a token, of access) and answers what the server made of it. A server that starts or changes over
 * is asked again for a few seconds, since refusing a caller for that would look like a matter of rights.
 */
export async function postReview<T>(api: KubeApi, clock: Clock, path: string, review: unknown): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await api.create<T>(path, review);
    } catch (error) {
      if (attempt + 1 >= tries || !mayPass(error)) throw error;
      await clock.sleep(jittered(backoffMs(curve, attempt), jitter));
    }
  }
}
