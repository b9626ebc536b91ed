import type { StreamingApi } from '../api/port.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { isPassing, journalUnreadable } from './errors.ts';
import { parseRecord, type WatchedRecord } from './record.ts';

/** What a node's journal gives: records, and word of the connection. */
export type Heard =
  | { readonly type: 'record'; readonly record: WatchedRecord }
  | { readonly type: 'connected'; readonly node: string }
  | { readonly type: 'lost'; readonly node: string; readonly because: string };

const retryMs = { first: 500, most: 5_000 };

const journalPath = (node: string): string => `/api/v1/nodes/${encodeURIComponent(node)}/proxy/debug/klab/journal`;

/** What a node's kubelet remembers, of one pod (`namespace/name`) or of all. Rejects with a `KlabError`. */
export async function readJournal(
  api: Pick<StreamingApi, 'raw'>,
  node: string,
  pod: string | undefined,
  signal: AbortSignal,
): Promise<readonly WatchedRecord[]> {
  try {
    const text = await api.raw(journalPath(node), { query: { pod }, signal });
    return text.split('\n').flatMap((line) => parseRecord(line, node) ?? []);
  } catch (error) {
    throw journalUnreadable(node, error);
  }
}

export interface FollowOptions {
  readonly api: Pick<StreamingApi, 'lines'>;
  readonly clock: Clock;
  readonly node: string;
  /** `namespace/name`; undefined: all pods and the node itself. */
  readonly pod: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * What a node's kubelet remembers and then what comes, until the signal aborts. A connection that breaks, as when the
 * kubelet starts anew, is made again; what was told before is not told twice. Throws a `KlabError` where that would
 * not help: no such node, a user who may not, a kubelet without a journal.
 */
export async function* followJournal({ api, clock, node, pod, signal }: FollowOptions): AsyncIterable<Heard> {
  const told = toldOnce();
  let waitMs = retryMs.first;
  while (!signal.aborted) {
    let because = 'the kubelet ended the answer';
    try {
      let connected = false;
      for await (const line of api.lines(journalPath(node), { query: { pod, follow: true }, signal })) {
        if (!connected) yield { type: 'connected', node };
        connected = true;
        waitMs = retryMs.first;
        const record = parseRecord(line, node);
        if (record !== undefined && told.isNew(record, line)) yield { type: 'record', record };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw journalUnreadable(node, error);
      because = messageOf(error);
    }
    if (signal.aborted) return;
    yield { type: 'lost', node, because };
    await clock.sleep(waitMs, signal).catch(() => undefined);
    waitMs = Math.min(retryMs.most, waitMs * 2);
  }
}

/** A new connection begins with what the kubelet remembers: only what is later, or was not yet told then, is new. */
function toldOnce() {
  let latest = 0;
  let atLatest = new Set<string>();
  return {
    isNew({ at }: WatchedRecord, line: string): boolean {
      if (at < latest || (at === latest && atLatest.has(line))) return false;
      if (at > latest) atLatest = new Set();
      latest = at;
      atLatest.add(line);
      return true;
    },
  };
}
