import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { seenTime } from './file-source.ts';
import { ManifestError, UndecodableManifest } from './manifest-error.ts';
import { limitReached, maxManifestBytes, parseManifest } from './parse-manifest.ts';
import { priorityWarner } from './priority-warning.ts';
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

/** The pods of an answer: a Pod or a PodList. Throws ManifestError. */
export function parsePodList(text: string): readonly unknown[] {
  const manifest = parseManifest(text);
  if (typeof manifest !== 'object' || manifest === null) return [manifest];
  const { apiVersion, kind, items } = manifest as { apiVersion?: unknown; kind?: unknown; items?: unknown };
  if (apiVersion !== 'v1' || kind !== 'PodList') return [manifest];
  if (!Array.isArray(items ?? [])) {
    throw new UndecodableManifest('json: cannot unmarshal into Go struct field PodList.items of type []v1.Pod');
  }
  return ((items ?? []) as object[]).map((item) => ({ ...item, apiVersion: 'v1', kind: 'Pod' }));
}

async function readAtMost(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes >= maxManifestBytes) throw new ManifestError(limitReached);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Polls a URL for static pods; an answer that cannot be used leaves those from before as they are. */
export function httpSource({ url, headers, nodeName, clock, journal, checkEveryMs, onPods }: HttpSourceOptions) {
  let last: string | undefined;
  let failures = 0;
  const warn = priorityWarner(journal);

  async function poll(): Promise<void> {
    const sent = new Headers();
    for (const [name, values] of Object.entries(headers)) for (const value of values) sent.append(name, value);
    const response = await fetch(url, { headers: sent, signal: AbortSignal.timeout(timeoutMs) });
    const text = await readAtMost(response);
    if (response.status !== 200) throw new ManifestError(`${url}: ${response.status} ${response.statusText}`);
    if (text === '') {
      onPods([]);
      last = text;
      throw new ManifestError(`zero-length data received from ${url}`);
    }
    if (text === last) return;
    onPods(render(text));
    last = text;
  }

  function render(text: string): readonly Pod[] {
    const seenAt = seenTime(clock.now());
    try {
      const pods = parsePodList(text).map((manifest) =>
        renderStaticPod(manifest, { source: 'http', place: url, nodeName, seenAt }),
      );
      pods.forEach(warn);
      return pods;
    } catch (error) {
      if (!(error instanceof UndecodableManifest)) throw error;
      const why = error.message;
      throw new ManifestError(
        `${url}: received '${text}', but couldn't parse as single (${why}) or multiple pods (${why})`,
      );
    }
  }

  /** fetch says only that it failed; what it failed of is the cause. */
  const reasonOf = (error: unknown): string =>
    error instanceof TypeError && error.cause !== undefined
      ? `Get "${url}": ${messageOf(error.cause)}`
      : messageOf(error);

  return {
    async run(signal: AbortSignal): Promise<void> {
      journal.write({ kind: 'source.added', source: 'http', place: url });
      while (!signal.aborted) {
        try {
          await poll();
          if (failures > 0) journal.write({ kind: 'source.urlRecovered' });
          failures = 0;
        } catch (error) {
          journal.write({ kind: 'source.urlFailed', reason: reasonOf(error), failures });
          failures += 1;
        }
        await clock.sleep(checkEveryMs, signal).catch(() => undefined);
      }
    },
  };
}
