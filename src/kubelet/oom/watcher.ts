import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { KernelLog } from './kernel-log.ts';
import { noReport, parseRecord, readLine } from './parse.ts';

export interface OomWatcherOptions {
  readonly open: () => KernelLog;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
}

export interface OomWatcher {
  run(signal: AbortSignal): Promise<void>;
}

const everyMs = 5000;

/** Tells of processes that the kernel kills because the node has no memory left, from now on. */
export function oomWatcher({ open, clock, journal, nodeName: node }: OomWatcherOptions): OomWatcher {
  return {
    async run(signal) {
      let log: KernelLog | undefined;
      try {
        log = open();
        let report = noReport;
        // What happened before this kubelet began was told of by the one before it.
        let records = log.next();
        while (!signal.aborted && records !== undefined) {
          await clock.sleep(everyMs, signal).catch(() => undefined);
          records = signal.aborted ? undefined : log.next();
          for (const record of records ?? []) {
            const { report: next, killed } = readLine(report, parseRecord(record));
            report = next;
            if (killed !== undefined) journal.write({ kind: 'eviction.systemOom', node, ...killed });
          }
        }
        if (!signal.aborted)
          journal.write({ kind: 'eviction.oomNotWatched', reason: 'the kernel’s log is empty here' });
      } catch (error) {
        journal.write({ kind: 'eviction.oomNotWatched', reason: messageOf(error) });
      } finally {
        log?.close();
      }
    },
  };
}
