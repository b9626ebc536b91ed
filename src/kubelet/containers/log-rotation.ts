import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock, Instant } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodCache } from '../parts.ts';

export interface LogRotationOptions {
  readonly runtime: Pick<CriRuntime, 'reopenContainerLog'>;
  readonly cache: Pick<PodCache, 'all'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly maxBytes: number;
  /** The file that is written to among them; at least 2. */
  readonly maxFiles: number;
  readonly everyMs: number;
  /** How many logs are rotated side by side. */
  readonly workers: number;
}

/** What becomes of the files beside a log that is about to be rotated. */
export interface RotationPlan {
  readonly remove: readonly string[];
  readonly compress: readonly string[];
}

const compressedEnd = '.gz';
const temporaryEnd = '.tmp';

/** `20261123-120000`: names in order of time are in order of letters. */
const stamp = (at: Instant): string =>
  new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');

/**
 * Decides about a log's rotated files, given the names in its folder: what was left half-done is removed, as are the
 * oldest beyond the limit; those that are kept are compressed. The one that rotation is about to make stays as it is,
 * since readers may still be at it.
 */
export function decideRotation(log: string, names: readonly string[], maxFiles: number): RotationPlan {
  const beside = names.filter((name) => name.startsWith(`${log}.`));
  const halfDone = beside.filter(
    (name) =>
      name.endsWith(temporaryEnd) || (!name.endsWith(compressedEnd) && beside.includes(`${name}${compressedEnd}`)),
  );
  const rotated = beside.filter((name) => !halfDone.includes(name)).sort();
  const kept = rotated.slice(Math.max(0, rotated.length - Math.max(0, maxFiles - 2)));
  return {
    remove: [...halfDone, ...rotated.filter((name) => !kept.includes(name))],
    compress: kept.filter((name) => !name.endsWith(compressedEnd)),
  };
}

/** Keeps the logs of running containers from filling the disk. */
export function logRotation(options: LogRotationOptions): { run(signal: AbortSignal): Promise<void> } {
  const { runtime, cache, clock, journal, maxBytes, maxFiles } = options;

  async function compress(path: string): Promise<void> {
    const temporary = `${path}${temporaryEnd}`;
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o640 }));
    await rename(temporary, `${path}${compressedEnd}`);
    await rm(path);
  }

  async function rotate(id: string, path: string): Promise<void> {
    const folder = dirname(path);
    const plan = decideRotation(basename(path), await readdir(folder), maxFiles);
    for (const name of plan.remove) await rm(join(folder, name), { force: true });
    for (const name of plan.compress) await compress(join(folder, name));
    const rotated = `${path}.${stamp(clock.now())}`;
    await rename(path, rotated);
    try {
      await runtime.reopenContainerLog(id);
    } catch (error) {
      // The runtime goes on writing to the old file: under its own name it is found, and rotated the next time.
      await rename(rotated, path);
      throw error;
    }
  }

  async function look(id: string, path: string): Promise<void> {
    try {
      const size = await stat(path).then(
        (info) => info.size,
        (error: unknown) => {
          if (codeOf(error) === 'ENOENT') return undefined;
          throw error;
        },
      );
      if (size === undefined) return await runtime.reopenContainerLog(id);
      if (size < maxBytes) return;
      const startedAt = clock.now();
      await rotate(id, path);
      journal.write({ kind: 'server.logRotated', path, containerId: id, bytes: size, ms: clock.now() - startedAt });
    } catch (error) {
      journal.write({ kind: 'server.logRotationFailed', path, containerId: id, reason: messageOf(error) });
    }
  }

  return {
    async run(signal) {
      // A negative size means that logs may grow.
      while (maxBytes >= 0 && !signal.aborted) {
        await clock.sleep(options.everyMs, signal).catch(() => undefined);
        const running = cache
          .all()
          .flatMap(({ containers }) =>
            containers.filter(({ state, logPath }) => state === 'running' && logPath !== ''),
          );
        const next = running.values();
        const worker = async () => {
          for (const { id, logPath } of next) if (!signal.aborted) await look(id, logPath);
        };
        await Promise.all(Array.from({ length: options.workers }, worker));
      }
    },
  };
}
