import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { fixedWidthTime, type LogEntry, parseLogLine } from './parse.ts';

export interface LogOptions {
  readonly follow: boolean;
  /** Undefined: from the beginning. */
  readonly tailLines: number | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
  readonly stream: 'stdout' | 'stderr' | 'all';
  /** Whether the container still writes: following ends when it does not and all was read. */
  readonly isRunning: () => Promise<boolean>;
  readonly write: (chunk: Buffer, stream: 'stdout' | 'stderr') => Promise<void>;
  readonly signal: AbortSignal;
}

const chunkBytes = 64 * 1024;
const newline = Buffer.from('\n');
/** What a watch misses (other file systems, a busy kernel) is seen then. */
const recheckMs = 1000;

/** Time, stream and tags of an entry fit in this much. */
const headBytes = 128;

/**
 * The offset at which the last `lines` logical lines begin. Reads backwards, each part of the file once: an entry's
 * head says whether it ends a line, and parts of one long line count as one.
 */
export async function findTail(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  let end = size;
  let found = 0;
  /** Where the entry behind the one being looked at begins. */
  let later = size;
  let after = Buffer.alloc(0);
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = Buffer.alloc(end - start);
    await file.read(chunk, 0, chunk.length, start);
    const window = Buffer.concat([chunk, after]);
    for (let at = chunk.lastIndexOf(10); at !== -1; at = at === 0 ? -1 : chunk.lastIndexOf(10, at - 1)) {
      const begin = start + at + 1;
      if (begin === size) continue;
      if (later < size && endsLine(window.subarray(at + 1, at + 1 + headBytes))) {
        found += 1;
        if (found === lines) return later;
      }
      later = begin;
    }
    after = Buffer.from(chunk.subarray(0, headBytes));
    end = start;
  }
  return found + 1 === lines && later < size && endsLine(after) ? later : 0;
}

/** Whether an entry, of which this is the head, is a whole line or a line's last part. */
const endsLine = (head: Buffer): boolean => parseLogLine(head)?.partial !== true;

/**
 * Reads a container's log file as `kubectl logs` shows it. Survives rotation while following. Rejects when the file
 * cannot be read.
 */
export async function readLogs(path: string, options: LogOptions): Promise<void> {
  const { follow, signal } = options;
  let file = await open(path, 'r');
  try {
    let position = options.tailLines === undefined ? 0 : await findTail(file, options.tailLines);
    const end = follow ? Number.POSITIVE_INFINITY : (await file.stat()).size;
    const sink = lineSink(options);
    let pending: Buffer[] = [];
    const buffer = Buffer.alloc(chunkBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, Math.min(chunkBytes, end - position), position);
      if (bytesRead > 0) {
        position += bytesRead;
        let rest = Buffer.from(buffer.subarray(0, bytesRead));
        for (let at = rest.indexOf(10); at !== -1; at = rest.indexOf(10)) {
          const line = pending.length === 0 ? rest.subarray(0, at) : Buffer.concat([...pending, rest.subarray(0, at)]);
          pending = [];
          rest = rest.subarray(at + 1);
          if (!sink.take(line)) return await sink.flush();
        }
        await sink.flush();
        if (rest.length > 0) pending.push(rest);
        continue;
      }
      if (!follow) return;
      const rotated = await reopened(path, file);
      if (rotated !== undefined) {
        // Between the last reading and the rotation more may have come.
        if ((await file.stat()).size > position) {
          await rotated.close();
          continue;
        }
        await file.close();
        file = rotated;
        position = 0;
        pending = [];
        continue;
      }
      const running = await options.isRunning();
      const { size } = await file.stat();
      if (size > position) continue;
      if (!running) return;
      await changed(path, signal);
    }
  } finally {
    await file.close();
  }
}

/** The file that has taken this one's name, if another has. */
async function reopened(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  try {
    const [now, own] = await Promise.all([stat(path), file.stat()]);
    return now.ino === own.ino ? undefined : await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Resolves when something happened to the file, or after a while. */
function changed(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      watcher?.close();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, recheckMs);
    signal.addEventListener('abort', done, { once: true });
    let watcher: ReturnType<typeof watch> | undefined;
    try {
      watcher = watch(dirname(path), done);
      watcher.on('error', done);
    } catch {
      // No watch to be had: the timer comes.
    }
  });
}

interface LineSink {
  /** Takes one entry; false once the limit of bytes is reached. */
  take(line: Buffer): boolean;
  /** Writes what was taken, what is of one stream in one piece. */
  flush(): Promise<void>;
}

function lineSink({ since, timestamps, limitBytes, stream, write }: LogOptions): LineSink {
  let left = limitBytes ?? Number.POSITIVE_INFINITY;
  let within = false;
  let taken: { readonly stream: LogEntry['stream']; readonly pieces: Buffer[] }[] = [];

  function append(of: LogEntry['stream'], piece: Buffer): void {
    const shown = piece.length > left ? piece.subarray(0, left) : piece;
    left -= shown.length;
    const last = taken.at(-1);
    if (last?.stream === of) last.pieces.push(shown);
    else taken.push({ stream: of, pieces: [shown] });
  }

  return {
    take(line) {
      const entry = parseLogLine(line);
      if (entry === undefined) return true;
      if (since !== undefined && Date.parse(entry.time) < since) return true;
      if (stream !== 'all' && entry.stream !== stream) return true;
      if (timestamps && !within) append(entry.stream, Buffer.from(`${fixedWidthTime(entry.time)} `));
      append(entry.stream, entry.content);
      if (!entry.partial) append(entry.stream, newline);
      within = entry.partial;
      return left > 0;
    },
    async flush() {
      const batches = taken;
      taken = [];
      for (const { stream: of, pieces } of batches) {
        const chunk = Buffer.concat(pieces);
        if (chunk.length > 0) await write(chunk, of);
      }
    },
  };
}
