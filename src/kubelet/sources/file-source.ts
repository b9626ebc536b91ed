import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { fullNameOf, uidOf } from '../pod-facts.ts';
import { systemErrorText } from '../system-error-text.ts';
import { meaningChanged } from './changes.ts';
import { ManifestError, UndecodableManifest } from './manifest-error.ts';
import { limitReached, maxManifestBytes, parseManifest } from './parse-manifest.ts';
import { priorityWarner } from './priority-warning.ts';
import { renderStaticPod } from './static-pod.ts';

/** Editors write a file in several steps: look when they are through. */
const settleMs = 100;
/** A path that is not there yet may come any moment: kubeadm makes the folder after it has started the kubelet. */
const retryMs = 1000;

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
  const warn = priorityWarner(journal);

  /** Undefined: nobody can tell just now, which is not the same as none. */
  async function manifestFiles(full: boolean): Promise<readonly string[] | undefined> {
    const tell = (reason: string) => journal.write({ kind: 'source.pathUnreadable', path, reason });
    try {
      const info = await stat(path);
      if (info.isFile()) return [path];
      if (!info.isDirectory()) return void tell('path is not a directory or file');
      return (await readdir(path))
        .filter((name) => !name.startsWith('.'))
        .map((name) => join(path, name))
        .sort();
    } catch (error) {
      const missing = codeOf(error) === 'ENOENT';
      if (full || !missing) tell(missing ? 'path does not exist, ignoring' : systemErrorText(error));
      return missing ? [] : undefined;
    }
  }

  /** Undefined: it is none; nobody waits at a pipe for a manifest. */
  async function readPod(file: string): Promise<Pod | undefined> {
    const info = await stat(file);
    if (!info.isFile()) return void journal.write({ kind: 'source.noFile', path: file, folder: info.isDirectory() });
    if (info.size >= maxManifestBytes) throw new ManifestError(limitReached);
    const seenAt = seenTime(clock.now());
    const pod = renderStaticPod(parseManifest(await readFile(file, 'utf8')), {
      source: 'file',
      place: file,
      nodeName,
      seenAt,
    });
    warn(pod);
    // Unchanged: the one from before, so that it keeps the time it was first seen.
    const before = known.get(file);
    return before !== undefined && uidOf(before) === uidOf(pod) && !meaningChanged(before, pod) ? before : pod;
  }

  /** `partial`: a file that cannot be used may be half written; what it had before stays until the next full list. */
  async function list(partial: boolean): Promise<void> {
    const files = await manifestFiles(!partial);
    if (files === undefined) return;
    const found = new Map<string, Pod>();
    for (const file of files) {
      try {
        const pod = await readPod(file);
        if (pod !== undefined) found.set(file, pod);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') continue;
        const reason = reasonOf(error, file);
        if (file === path && !partial) {
          // The only manifest there is: what it was before stays, until it can be used or is gone.
          journal.write({ kind: 'source.pathUnreadable', path, reason });
          return;
        }
        journal.write({ kind: 'source.unreadable', path: file, reason, watched: partial });
        const before = known.get(file);
        if (partial && before !== undefined) found.set(file, before);
      }
    }
    known = found;
    // Of two files with one pod's name (a copy beside the original), the last counts.
    onPods([...new Map([...found.values()].map((pod) => [fullNameOf(pod), pod])).values()]);
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      journal.write({ kind: 'source.added', source: 'file', place: path });
      let watched = false;
      let partial = false;
      let listedAt = clock.now();
      while (!signal.aborted) {
        const wake = new AbortController();
        // Anew each round: the folder may be another one than before under the same name.
        const watcher = watchPath(path, () => wake.abort());
        if (watcher !== undefined && !watched) journal.write({ kind: 'source.watching', path });
        watched = watcher !== undefined;
        if (!partial) listedAt = clock.now();
        await list(partial);
        const untilList = Math.max(0, listedAt + checkEveryMs - clock.now());
        const wait = watched ? untilList : Math.min(untilList, retryMs);
        const woken = await clock.sleep(wait, AbortSignal.any([signal, wake.signal])).then(
          () => false,
          () => true,
        );
        partial = woken || clock.now() < listedAt + checkEveryMs;
        if (woken && !signal.aborted) await clock.sleep(settleMs, signal).catch(() => undefined);
        watcher?.close();
      }
    },
  };
}

const reasonOf = (error: unknown, file: string): string =>
  error instanceof UndecodableManifest
    ? `${file}: couldn't parse as pod(${error.message}), please check config file`
    : systemErrorText(error);

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
