import { isConflict, isNotFound, isUnreachable } from '../api/errors.ts';
import type { KubeApi } from '../api/port.ts';
import type { KubeEvent } from '../api/types.ts';
import type { Clock, Instant } from '../base/clock.ts';
import type { JournalReader } from './journal.ts';
import { projectionOf } from './journal.ts';
import type { EventDraft } from './projection.ts';

export interface KubeEventsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Undefined as long as the node is not known: Events of it are told by its name alone. */
  readonly nodeUid?: () => string | undefined;
}

const queueLimit = 1000;
const cacheLimit = 4096;
const tries = 12;
const retryMs = 10_000;
/** What there is to tell of is still going on, and wants the API server and the processor more than its Events do. */
const settleMs = 200;
/** More than this many different messages of one kind within ten minutes become one event. */
const aggregateAfter = 10;
const aggregateWithinMs = 600_000;
/** A source may tell this much of one object at once, and one more every five minutes. */
const burst = 25;
const refillMs = 300_000;

const apiTime = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** What makes two events one that happened again. */
const sameKey = ({ object, type, reason, message }: EventDraft): string =>
  JSON.stringify([object.kind, object.namespace, object.name, object.uid, object.fieldPath, type, reason, message]);
const similarKey = ({ object, type, reason }: EventDraft): string =>
  JSON.stringify([object.kind, object.namespace, object.name, object.uid, type, reason]);
const objectKey = ({ object, type }: EventDraft): string =>
  JSON.stringify([object.kind, object.namespace, object.name, object.uid, type]);

interface Sent {
  readonly path: string;
  readonly name: string;
  count: number;
  readonly first: Instant;
}

/** A map that forgets what was not used for longest. */
class RecentMap<V> {
  private readonly map = new Map<string, V>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get(key: string): V | undefined {
    const value = this.map.get(key);
    if (value !== undefined) {
      this.map.delete(key);
      this.map.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.map.delete(key);
    this.map.set(key, value);
    const [oldest] = this.map.keys();
    if (this.map.size > this.limit && oldest !== undefined) this.map.delete(oldest);
  }

  delete(key: string): void {
    this.map.delete(key);
  }
}

/** A new Event object; its name tells the object and the moment. */
export function renderEvent(draft: EventDraft, nodeName: string, at: Instant, serial: number): KubeEvent {
  const { object, type, reason, message, annotations } = draft;
  const namespace = object.namespace || 'default';
  const nanoseconds = BigInt(at) * 1_000_000n + BigInt(serial % 1_000_000);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${object.name}.${nanoseconds.toString(16)}`,
      namespace,
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
    },
    involvedObject: object,
    type,
    reason,
    message,
    source: { component: 'kubelet', host: nodeName },
    reportingComponent: 'kubelet',
    reportingInstance: nodeName,
    count: 1,
    firstTimestamp: apiTime(at),
    lastTimestamp: apiTime(at),
  };
}

/** Sends the journal's Events to the API server, one after another, without ever holding up who wrote them. */
export function kubeEvents({ api, clock, nodeName, nodeUid }: KubeEventsOptions): {
  reader: JournalReader;
  run(signal: AbortSignal): Promise<void>;
} {
  const queue: { draft: EventDraft; at: Instant }[] = [];
  const sent = new RecentMap<Sent>(cacheLimit);
  const similar = new RecentMap<{ messages: Set<string>; last: Instant }>(cacheLimit);
  const allowance = new RecentMap<{ tokens: number; at: Instant }>(cacheLimit);
  let serial = 0;
  let wake: () => void = () => undefined;

  /** `kubectl describe node` looks for Events by the node's UID. */
  function withUid(draft: EventDraft): EventDraft {
    const uid = draft.object.kind === 'Node' ? nodeUid?.() : undefined;
    return uid === undefined ? draft : { ...draft, object: { ...draft.object, uid } };
  }

  function allowed(draft: EventDraft, at: Instant): boolean {
    const key = objectKey(draft);
    const before = allowance.get(key) ?? { tokens: burst, at };
    const tokens = Math.min(burst, before.tokens + (at - before.at) / refillMs);
    allowance.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at });
    return tokens >= 1;
  }

  function aggregated(draft: EventDraft, at: Instant): EventDraft {
    const key = similarKey(draft);
    const before = similar.get(key);
    const group =
      before === undefined || at - before.last > aggregateWithinMs ? { messages: new Set<string>(), last: at } : before;
    group.messages.add(draft.message);
    group.last = at;
    similar.set(key, group);
    if (group.messages.size <= aggregateAfter) return draft;
    return { ...draft, message: `(combined from similar events): ${draft.message}` };
  }

  async function deliver(original: EventDraft, at: Instant): Promise<void> {
    const draft = aggregated(original, at);
    const combined = draft !== original;
    const key = combined ? similarKey(draft) : sameKey(draft);
    const before = sent.get(key);
    if (before !== undefined) {
      try {
        const body = { count: before.count + 1, lastTimestamp: apiTime(at), message: draft.message };
        await api.patch(`${before.path}/${before.name}`, 'strategic-merge', body);
        before.count += 1;
        return;
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
        sent.delete(key);
      }
    }
    serial += 1;
    const event = renderEvent(draft, nodeName, at, serial);
    const path = `/api/v1/namespaces/${event.metadata.namespace}/events`;
    await api.create(path, event);
    sent.set(key, { path, name: event.metadata.name ?? '', count: 1, first: at });
  }

  return {
    reader(record, at) {
      const bare = projectionOf(record).event?.(record);
      if (bare === undefined || queue.length >= queueLimit) return;
      const draft = withUid(bare);
      if (!allowed(draft, at)) return;
      queue.push({ draft, at });
      wake();
    },
    async run(signal) {
      signal.addEventListener('abort', () => wake());
      while (!signal.aborted) {
        const next = queue.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          await clock.sleep(settleMs, signal).catch(() => undefined);
          continue;
        }
        for (let attempt = 0; attempt < tries && !signal.aborted; attempt += 1) {
          try {
            await deliver(next.draft, next.at);
            break;
          } catch (error) {
            // The server is there and does not want it: sending it again would not help.
            if (!isUnreachable(error)) break;
            await clock.sleep(retryMs, signal).catch(() => undefined);
          }
        }
      }
    },
  };
}
