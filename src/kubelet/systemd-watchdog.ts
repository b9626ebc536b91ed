import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Journal } from '../journal/journal.ts';
import { KubeletConfigError } from './config/index.ts';

const smallestUsec = 1_000_000;
const tries = 2;
const retryMs = 1000;

/**
 * How long systemd waits for a sign of life (WatchdogSec= of the unit), in milliseconds; undefined: it does not wait
 * for one of this process. Throws KubeletConfigError when what systemd has put into the environment makes no sense.
 * https://www.freedesktop.org/software/systemd/man/latest/sd_watchdog_enabled.html
 */
export function parseWatchdog(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: watched = '' } = environment;
  if (usec === '') return undefined;
  const wrong = (problem: string) => new KubeletConfigError(`create health checker: configure watchdog: ${problem}`);
  if (!/^-?\d+$/.test(usec)) throw wrong(`WATCHDOG_USEC is not a number: ${JSON.stringify(usec)}`);
  if (Number(usec) <= 0) throw wrong('WATCHDOG_USEC must be a positive number');
  if (watched !== '' && !/^\d+$/.test(watched)) throw wrong(`WATCHDOG_PID is not a number: ${JSON.stringify(watched)}`);
  if (watched !== '' && Number(watched) !== pid) return undefined;
  if (Number(usec) <= smallestUsec) throw wrong(`the timeout is too small: ${usec} µs, it must be more than a second`);
  return Number(usec) / 1000;
}

export interface WatchdogOptions {
  /** What parseWatchdog found. */
  readonly timeoutMs: number | undefined;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Why the kubelet should be restarted; undefined: all is well. */
  readonly problem: () => string | undefined;
  /** Gives systemd the sign of life. */
  readonly notify: () => Promise<void>;
}

/** Tells systemd twice in each of its periods that the kubelet is well; a kubelet that hangs or is not well is restarted. */
export const systemdWatchdog = ({ timeoutMs, clock, journal, problem, notify }: WatchdogOptions) => {
  async function tell(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await notify();
        return;
      } catch (error) {
        if (attempt === tries) return journal.write({ kind: 'node.watchdogFailed', reason: messageOf(error) });
        await clock.sleep(retryMs, signal).catch(() => undefined);
        if (signal.aborted) return;
      }
    }
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      journal.write({ kind: 'node.watchdog', timeoutMs });
      while (timeoutMs !== undefined && !signal.aborted) {
        const found = problem();
        if (found === undefined) await tell(signal);
        else journal.write({ kind: 'node.watchdogWithheld', reason: found });
        await clock.sleep(timeoutMs / 2, signal).catch(() => undefined);
      }
    },
  };
};
