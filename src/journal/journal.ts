import type { Clock, Instant } from '../base/clock.ts';
import type { Projection } from './projection.ts';
import { type JournalRecord, projections } from './record.ts';

/** Where the kubelet tells what it does. Writing never throws and never waits. */
export interface Journal {
  write(record: JournalRecord): void;
}

/** Someone who reads the journal: the log, the metrics, the Events, the live view. */
export type JournalReader = (record: JournalRecord, at: Instant) => void;

/** The projection of a record's own kind. */
export const projectionOf = <R extends JournalRecord>(record: R): Projection<R> =>
  projections[record.kind] as Projection<R>;

/** A journal that hands each record to every reader in turn; a reader that throws does not keep it from the others. */
export function createJournal(clock: Clock, readers: readonly JournalReader[]): Journal {
  return {
    write(record) {
      const at = clock.now();
      for (const read of readers) {
        try {
          read(record, at);
        } catch (error) {
          process.stderr.write(`journal reader failed on ${record.kind}: ${String(error)}\n`);
        }
      }
    },
  };
}

/** For tests: a journal that remembers what was written. */
export function memoryJournal(): Journal & { readonly records: JournalRecord[] } {
  const records: JournalRecord[] = [];
  return { records, write: (record) => void records.push(record) };
}
