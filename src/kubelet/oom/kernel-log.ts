import { closeSync, constants, openSync, readSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';

export interface KernelLog {
  /** Records since the last call; undefined: it has ended, or was never one. */
  next(): readonly string[] | undefined;
  close(): void;
}

/** As large as a record can be. */
const recordBytes = 8192;

/**
 * Opens the kernel's log where it stands now. It is asked rather than waited for: a read that waits would keep a thread
 * of the process for itself. Throws when there is none.
 */
export function kernelLog(path = '/dev/kmsg'): KernelLog {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(recordBytes);

  function next(): readonly string[] | undefined {
    const records: string[] = [];
    for (;;) {
      try {
        const bytes = readSync(file, buffer);
        if (bytes === 0) return undefined;
        records.push(buffer.toString('utf8', 0, bytes));
      } catch (error) {
        // EPIPE: records were overwritten before they were read; the next read goes on after them.
        if (codeOf(error) === 'EPIPE') continue;
        if (codeOf(error) === 'EAGAIN') return records;
        throw error;
      }
    }
  }

  return { next, close: () => closeSync(file) };
}
