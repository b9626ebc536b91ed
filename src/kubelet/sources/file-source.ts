import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { uidOf } from '../pod-facts.ts';
import { meaningChanged } from './changes.ts';
import { parseManifest } from './parse-manifest.ts';
import { ManifestError, renderStaticPod } from './static-pod.ts';

const maxManifestBytes = 10 * 1024 * 1024;
/** Editors write a file in several steps: look when they are through. */
const settleMs = 100;

export interface FileSourceOptions {
  /** A folder of manifests, or one manifest. */
  readonly path: string;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly checkEveryMs: number;
  /** All pods the folder has now. */
  readonly onPods: (pods: readonly Pod[]) => void;
}

/** RFC 3339 with nine fractional digits, as config.seen has it. */
export const seenTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z');

/** Watches the folder of static pods, and lists it now and then for what the watch has missed. */
export function fileSource({ path, nodeName, clock, journal, checkEveryMs, onPods }: FileSourceOptions) {
  /** The pod that each file had when it was last read. */
  let known: ReadonlyMap<string, Pod> = new Map();

  /** Undefined: nobody can tell just now, which is not the same as none. */
  async function manifestFiles(): Promise<readonly string[] | undefined> {
    try {
      if (!(await stat(path)).isDirectory()) return [path];
      const entries = await readdir(path, { withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
        .map((entry) => join(path, entry.name))
        .sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      journal.write({ kind: 'source.unreadable', path, reason: messageOf(error) });
      return undefined;
    }
  }

  async function readPod(file: string): Promise<Pod> {
    if ((await stat(file)).size > maxManifestBytes)
      throw new ManifestError(`it is larger than ${maxManifestBytes} bytes`);
    const seenAt = seenTime(clock.now());
    const pod = renderStaticPod(parseManifest(await readFile(file, 'utf8')), {
      source: 'file',
      place: file,
      nodeName,
      seenAt,
    });
    // Unchanged: the one from before, so that it keeps the time it was first seen.
    const before = known.get(file);
    return before !== undefined && uidOf(before) === uidOf(pod) && !meaningChanged(before, pod) ? before : pod;
  }

  /** `partial`: a file that cannot be used may be half written; what it had before stays until the next full list. */
  async function list(partial: boolean): Promise<void> {
    const files = await manifestFiles();
    if (files === undefined) return;
    const found = new Map<string, Pod>();
    for (const file of files) {
      try {
        found.set(file, await readPod(file));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') continue;
        journal.write({ kind: 'source.unreadable', path: file, reason: messageOf(error) });
        const before = known.get(file);
        if (partial && before !== undefined) found.set(file, before);
      }
    }
    known = found;
    onPods([...found.values()]);
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      journal.write({ kind: 'source.added', source: 'file', place: path });
      let watched = false;
      let partial = false;
      while (!signal.aborted) {
        const wake = new AbortController();
        // Anew each round: the folder may be another one than before under the same name.
        const watcher = watchPath(path, () => wake.abort());
        if (watcher !== undefined && !watched) journal.write({ kind: 'source.watching', path });
        watched = watcher !== undefined;
        await list(partial);
        partial = await clock.sleep(checkEveryMs, AbortSignal.any([signal, wake.signal])).then(
          () => false,
          () => true,
        );
        if (partial && !signal.aborted) await clock.sleep(settleMs, signal).catch(() => undefined);
        watcher?.close();
      }
    },
  };
}

/** Undefined while there is nothing to watch: the periodic list will find it. */
function watchPath(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, onEvent);
    watcher.on('error', onEvent);
    return watcher;
  } catch {
    return undefined;
  }
}
