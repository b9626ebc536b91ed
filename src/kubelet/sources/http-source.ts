import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { seenTime } from './file-source.ts';
import { ManifestError } from './manifest-error.ts';
import { parseManifest } from './parse-manifest.ts';
import { renderStaticPod } from './static-pod.ts';

export interface HttpSourceOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly checkEveryMs: number;
  readonly onPods: (pods: readonly Pod[]) => void;
}

const timeoutMs = 10_000;
/** After this many failures in a row, more of them show only at -v 4. */
const loudFailures = 3;

/** The pods of an answer: a Pod or a PodList; nothing at all means no pods. Throws ManifestError. */
export function parsePodList(text: string): readonly unknown[] {
  if (text.trim() === '') return [];
  const manifest = parseManifest(text);
  if (typeof manifest === 'object' && manifest !== null && 'items' in manifest) {
    if (!Array.isArray(manifest.items)) throw new ManifestError('items is not a list');
    return manifest.items.map((item: unknown) => ({ apiVersion: 'v1', kind: 'Pod', ...(item as object) }));
  }
  return [manifest];
}

/** Polls a URL for static pods; an answer that cannot be used leaves those from before as they are. */
export function httpSource({ url, headers, nodeName, clock, journal, checkEveryMs, onPods }: HttpSourceOptions) {
  let last: string | undefined;
  let failures = 0;

  async function poll(): Promise<void> {
    const sent = new Headers();
    for (const [name, values] of Object.entries(headers)) for (const value of values) sent.append(name, value);
    const response = await fetch(url, { headers: sent, signal: AbortSignal.timeout(timeoutMs) });
    if (response.status !== 200) throw new ManifestError(`${url}: ${response.status} ${response.statusText}`);
    const text = await response.text();
    if (text === last) return;
    const seenAt = seenTime(clock.now());
    onPods(
      parsePodList(text).map((manifest) => renderStaticPod(manifest, { source: 'http', place: url, nodeName, seenAt })),
    );
    last = text;
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      journal.write({ kind: 'source.added', source: 'http', place: url });
      while (!signal.aborted) {
        try {
          await poll();
          failures = 0;
        } catch (error) {
          failures += 1;
          journal.write({ kind: 'source.urlFailed', url, reason: messageOf(error), loud: failures <= loudFailures });
        }
        await clock.sleep(checkEveryMs, signal).catch(() => undefined);
      }
    },
  };
}
