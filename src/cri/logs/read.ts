import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { fixedWidthTime, parseLogLine } from './parse.ts';

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
/** What a watch misses (other file systems, a busy kernel) is seen then. */
const recheckMs = 1000;

/** The offset at which the last `lines` logical lines begin. */
export async function findTail(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  let end = size;
  let found = 0;
  // A line's own end does not begin another.
  let skipLast = true;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = Buffer.alloc(end - start);
    await file.read(chunk, 0, chunk.length, start);
    for (let i = chunk.length - 1; i >= 0; i -= 1) {
      if (chunk[i] !== 10) continue;
      if (skipLast && start + i === size - 1) {
        skipLast = false;
        continue;
      }
      // Parts of one long line count as one: only a full line before this place ends the search.
      if (await isFullLine(file, start + i)) {
        found += 1;
        if (found === lines) return start + i + 1;
      }
    }
    end = start;
  }
  return 0;
}

/** Whether the entry that ends at `newline` is a whole line or a line's last part. */
async function isFullLine(file: FileHandle, newline: number): Promise<boolean> {
  const look = Math.min(newline, 256 * 1024);
  const chunk = Buffer.alloc(look);
  await file.read(chunk, 0, look, newline - look);
  const entry = parseLogLine(chunk.subarray(chunk.lastIndexOf(10) + 1));
  return entry?.partial !== true;
}

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
          if (!(await sink(line))) return;
        }
        if (rest.length > 0) pending.push(rest);
        continue;
      }
      if (!follow) return;
      const rotated = await reopened(path, file);
      if (rotated !== undefined) {
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

/** Writes entries as text; answers false once the limit of bytes is reached. */
function lineSink({ since, timestamps, limitBytes, stream, write }: LogOptions): (line: Buffer) => Promise<boolean> {
  let left = limitBytes ?? Number.POSITIVE_INFINITY;
  let within = false;
  return async (line) => {
    const entry = parseLogLine(line);
    if (entry === undefined) return true;
    if (since !== undefined && Date.parse(entry.time) < since) return true;
    if (stream !== 'all' && entry.stream !== stream) return true;
    const prefix = timestamps && !within ? Buffer.from(`${fixedWidthTime(entry.time)} `) : Buffer.alloc(0);
    const text = Buffer.concat([prefix, entry.content, entry.partial ? Buffer.alloc(0) : Buffer.from('\n')]);
    within = entry.partial;
    const shown = text.length > left ? text.subarray(0, left) : text;
    left -= shown.length;
    if (shown.length > 0) await write(shown, entry.stream);
    return left > 0;
  };
}
