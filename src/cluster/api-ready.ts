import type { KubeApi } from '../api/port.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type WaitResult, waitUntil } from '../base/wait-until.ts';

export interface ApiReadyOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Called after each answer that was none; what it throws ends the wait. */
  readonly onTrouble?: () => Promise<void>;
}

/**
 * Waits until the API server says that it is ready. One that starts again answers some seconds before it knows its own
 * RBAC rules, and refuses even the administrator with 403 until then; `/readyz` holds this back.
 */
export function apiReady(
  api: Pick<KubeApi, 'raw'>,
  { clock, signal, timeoutMs, onTrouble }: ApiReadyOptions,
): Promise<WaitResult> {
  const answers = async (): Promise<true | string> => {
    try {
      await api.raw('/readyz', { signal, timeoutMs: 2000 });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      await onTrouble?.();
      return messageOf(error);
    }
  };
  return waitUntil(answers, { clock, everyMs: 50, timeoutMs, signal });
}
