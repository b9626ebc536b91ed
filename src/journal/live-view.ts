import type { Instant } from '../base/clock.ts';
import type { JournalReader } from './journal.ts';
import type { JournalRecord } from './record.ts';

/** One record as it is shown: when, the kind, the pod it is about if any, and all it says. */
export interface ShownRecord {
  readonly at: string;
  readonly pod?: string;
  readonly record: JournalRecord;
}

export interface LiveView {
  readonly reader: JournalReader;
  /** What is remembered, oldest first; `pod` (`namespace/name`) narrows it. */
  recent(pod?: string): readonly ShownRecord[];
  /** Tells of every record from now on; answers what stops it. */
  subscribe(listener: (shown: ShownRecord) => void): () => void;
}

export interface LiveViewOptions {
  /** How much is remembered of one pod, and of all that is about no pod. */
  readonly perPod: number;
  /** Pods beyond this many are forgotten, those first of which nothing was heard for longest. */
  readonly pods: number;
}

/** `namespace/name` of the pod that a record is about. */
export function podOf(record: JournalRecord): string | undefined {
  if ('pod' in record && typeof record.pod === 'string') {
    // Some name it as messages do: name_namespace(uid).
    const described = /^(.+)_([^_]+)\(.*\)$/.exec(record.pod);
    return described === null ? record.pod : `${described[2]}/${described[1]}`;
  }
  if ('object' in record && record.object?.kind === 'Pod') return `${record.object.namespace}/${record.object.name}`;
  return undefined;
}

/** One line of JSON without its newline. */
export const renderShown = ({ at, pod, record }: ShownRecord): string =>
  JSON.stringify({ at, ...record, ...(pod === undefined ? {} : { pod }) }, (_key, value) =>
    typeof value === 'bigint' ? Number(value) : value instanceof Error ? value.message : value,
  );

/** Requests to the kubelet's own server would drown what they ask about. */
const hidden: ReadonlySet<JournalRecord['kind']> = new Set(['server.asked', 'server.answered']);

/** Remembers the latest records of each pod, so that people can see what was decided and why, and watch on. */
export function liveView({ perPod, pods }: LiveViewOptions): LiveView {
  const remembered = new Map<string, { readonly shown: ShownRecord; readonly serial: number }[]>();
  const listeners = new Set<(shown: ShownRecord) => void>();
  const nobody = '';
  let serial = 0;

  function remember(key: string, shown: ShownRecord): void {
    const list = remembered.get(key) ?? [];
    serial += 1;
    list.push({ shown, serial });
    if (list.length > perPod) list.shift();
    remembered.delete(key);
    remembered.set(key, list);
    if (remembered.size <= pods) return;
    for (const oldest of remembered.keys()) {
      if (oldest === nobody) continue;
      remembered.delete(oldest);
      return;
    }
  }

  return {
    reader(record, at: Instant) {
      if (hidden.has(record.kind)) return;
      const pod = podOf(record);
      const shown: ShownRecord = { at: new Date(at).toISOString(), ...(pod === undefined ? {} : { pod }), record };
      remember(pod ?? nobody, shown);
      for (const listener of listeners) listener(shown);
    },
    recent(pod) {
      const lists = pod === undefined ? [...remembered.values()] : [remembered.get(pod) ?? []];
      return lists
        .flat()
        .sort((a, b) => a.serial - b.serial)
        .map(({ shown }) => shown);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
