import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
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

/** Reads one manifest; throws ManifestError. */
export function parseManifest(text: string): unknown {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new ManifestError(problem.message);
  return document.toJS();
}

/** Watches the folder of static pods, and lists it now and then for what the watch has missed. */
export function fileSource({ path, nodeName, clock, journal, checkEveryMs, onPods }: FileSourceOptions) {
  /** When a pod was first seen, so that an unchanged one does not look new. */
  const firstSeen = new Map<string, string>();

  async function manifestFiles(): Promise<readonly string[]> {
    try {
      if (!(await stat(path)).isDirectory()) return [path];
      const entries = await readdir(path, { withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
        .map((entry) => join(path, entry.name))
        .sort();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') journal.write({ kind: 'source.unreadable', path, reason: messageOf(error) });
      return [];
    }
  }

  async function readPod(file: string): Promise<readonly Pod[]> {
    try {
      if ((await stat(file)).size > maxManifestBytes)
        throw new ManifestError(`it is larger than ${maxManifestBytes} bytes`);
      const manifest = parseManifest(await readFile(file, 'utf8'));
      const origin = { source: 'file', place: file, nodeName } as const;
      const pod = renderStaticPod(manifest, { ...origin, seenAt: seenTime(clock.now()) });
      const uid = pod.metadata?.uid ?? '';
      const seenAt = firstSeen.get(uid) ?? seenTime(clock.now());
      firstSeen.set(uid, seenAt);
      return [renderStaticPod(manifest, { ...origin, seenAt })];
    } catch (error) {
      // Removed between listing and reading: it is simply not there.
      if (codeOf(error) !== 'ENOENT')
        journal.write({ kind: 'source.unreadable', path: file, reason: messageOf(error) });
      return [];
    }
  }

  async function list(): Promise<void> {
    const files = await manifestFiles();
    onPods((await Promise.all(files.map(readPod))).flat());
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      let watcher: FSWatcher | undefined;
      let wake = new AbortController();
      const rewatch = () => {
        if (watcher !== undefined) return;
        try {
          watcher = watch(path, () => wake.abort());
          watcher.on('error', () => {
            watcher?.close();
            watcher = undefined;
          });
          journal.write({ kind: 'source.watching', path });
        } catch {
          // The folder is not there yet: the periodic list tries again.
        }
      };
      signal.addEventListener('abort', () => watcher?.close());
      while (!signal.aborted) {
        rewatch();
        await list();
        const changed = await clock.sleep(checkEveryMs, AbortSignal.any([signal, wake.signal])).then(
          () => false,
          () => true,
        );
        if (changed && !signal.aborted) await clock.sleep(settleMs, signal).catch(() => undefined);
        wake = new AbortController();
      }
    },
  };
}
