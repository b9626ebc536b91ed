import type { Instant } from '../base/clock.ts';
import type { JournalReader } from './journal.ts';
import type { JournalRecord } from './record.ts';

/** One record as it is shown: when, the kind, the pods it is about if any (`namespace/name`), and all it says. */
export interface ShownRecord {
  readonly at: string;
  readonly pods: readonly string[];
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
  /** How many records are remembered of one pod, and of all that is about no pod. */
  readonly perPod: number;
  /** Pods beyond this many are forgotten, those first of which nothing was heard for longest. */
  readonly pods: number;
}

/** `namespace/name` of the pods that a record names. */
export function podsOf(record: JournalRecord): readonly string[] {
  if ('pod' in record && typeof record.pod === 'string') {
    // Some name it as messages do: name_namespace(uid).
    const described = /^(.+)_([^_]+)\(.*\)$/.exec(record.pod);
    return [described === null ? record.pod : `${described[2]}/${described[1]}`];
  }
  if ('object' in record && record.object?.kind === 'Pod') return [`${record.object.namespace}/${record.object.name}`];
  return record.kind === 'pod.changed' ? record.pods : [];
}

/** The UID that a record gives of its pod, if it does. */
function uidOf(record: JournalRecord): string | undefined {
  if ('uid' in record) return record.uid;
  if ('podUid' in record) return record.podUid;
  if (record.kind === 'runtime.podEvent') return record.event.uid;
  return 'object' in record && record.object?.kind === 'Pod' ? record.object.uid : undefined;
}

/** One line of JSON without its newline; `pod` is there when it is about one pod. */
export const renderShown = ({ at, pods, record }: ShownRecord): string =>
  JSON.stringify({ at, ...record, ...(pods.length === 1 ? { pod: pods[0] } : {}) }, (_key, value) =>
    typeof value === 'bigint' ? Number(value) : value instanceof Error ? value.message : value,
  );

/** Requests to the kubelet's own server would drown what they ask about. */
const hidden: ReadonlySet<JournalRecord['kind']> = new Set(['server.asked', 'server.answered']);

interface Remembered {
  readonly shown: ShownRecord;
  readonly serial: number;
}

/** Told again and again while all is well: these must not push out what happened before. */
const isRoutine = (record: JournalRecord): boolean =>
  record.kind === 'runtime.relisted' ||
  record.kind === 'pod.housekept' ||
  (record.kind === 'probe.attempted' && record.outcome.kind === 'success');
const routinePerPod = 10;

interface Remembered {
  readonly shown: ShownRecord;
  readonly serial: number;
}

/** The records of one pod, oldest first: how it began, and the latest. What is too much goes out of the middle. */
class PodMemory {
  private list: Remembered[] = [];
  /** Where the pod's own beginning is; before it, the end of a pod that had its name earlier. */
  private start = 0;
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  add(entry: Remembered): void {
    const { record } = entry.shown;
    if (record.kind === 'pod.changed' && record.operation === 'ADD') {
      this.list = this.list.slice(-Math.floor(this.most / 5));
      this.start = this.list.length;
    }
    if (isRoutine(record)) this.makeRoomForRoutine();
    this.list.push(entry);
    const beginning = this.start + Math.floor(this.most / 3);
    if (this.list.length > this.most) this.list.splice(Math.min(beginning, this.most - 1), 1);
  }

  private makeRoomForRoutine(): void {
    const routine = this.list.filter(({ shown }) => isRoutine(shown.record));
    const [oldest] = routine;
    if (oldest !== undefined && routine.length >= routinePerPod) this.list.splice(this.list.indexOf(oldest), 1);
  }

  entries(): readonly Remembered[] {
    return this.list;
  }
}

/** Remembers how each pod began and its latest records, so that people can see what was decided and why, and watch on. */
export function liveView({ perPod, pods }: LiveViewOptions): LiveView {
  const remembered = new Map<string, PodMemory>();
  /** Some records tell a pod by its UID alone. */
  const podByUid = new Map<string, string>();
  const listeners = new Set<(shown: ShownRecord) => void>();
  const nobody = '';
  let serial = 0;

  function remember(key: string, entry: Remembered): void {
    const memory = remembered.get(key) ?? new PodMemory(perPod);
    memory.add(entry);
    remembered.delete(key);
    remembered.set(key, memory);
    if (remembered.size <= pods) return;
    for (const oldest of remembered.keys()) {
      if (oldest === nobody) continue;
      remembered.delete(oldest);
      return;
    }
  }

  function podsAbout(record: JournalRecord): readonly string[] {
    const named = podsOf(record);
    const uid = uidOf(record);
    const [only] = named;
    if (uid === undefined) return named;
    if (only !== undefined) {
      podByUid.delete(uid);
      podByUid.set(uid, only);
      for (const oldest of podByUid.keys()) {
        if (podByUid.size <= 2 * pods) break;
        podByUid.delete(oldest);
      }
      return named;
    }
    const known = podByUid.get(uid);
    return known === undefined ? [] : [known];
  }

  return {
    reader(record, at: Instant) {
      if (hidden.has(record.kind)) return;
      const about = podsAbout(record);
      const shown: ShownRecord = { at: new Date(at).toISOString(), pods: about, record };
      serial += 1;
      for (const key of about.length === 0 ? [nobody] : about) remember(key, { shown, serial });
      for (const listener of listeners) listener(shown);
    },
    recent(pod) {
      const memories = pod === undefined ? [...remembered.values()] : [remembered.get(pod)];
      // What is about several pods is remembered with each of them.
      const entries = memories.flatMap((memory) => memory?.entries() ?? []);
      const once = new Map(entries.map((entry) => [entry.serial, entry.shown]));
      return [...once].sort(([a], [b]) => a - b).map(([, shown]) => shown);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
