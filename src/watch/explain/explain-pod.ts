import { isNotFound } from '../../api/errors.ts';
import type { StreamingApi } from '../../api/port.ts';
import type { KubeEvent, Node, Pod } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import { podNotFound } from '../errors.ts';
import { readJournal } from '../journal-source.ts';
import type { PodName } from '../pod-name.ts';
import type { WatchedRecord } from '../record.ts';
import { isMurmur, narrator, type Step } from '../story/index.ts';
import { explainState } from './why.ts';

/** A pod's story so far, and what it comes to. */
export interface PodStory {
  /** `namespace/name` */
  readonly pod: string;
  /** Where it is or was. */
  readonly node: string | undefined;
  /** Undefined: it is gone from the API server. */
  readonly phase: string | undefined;
  readonly why: readonly string[];
  /** Oldest first; as far back as the kubelet remembers. */
  readonly steps: readonly Step[];
  readonly events: readonly StoryEvent[];
  /** Why a node's journal could not be read. */
  readonly notes: readonly string[];
}

export interface StoryEvent {
  /** Milliseconds since the epoch, of its last occurrence. */
  readonly at: number;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly from: string;
}

/**
 * What the API server and the kubelet know of a pod. A pod that is gone is looked for in every node's journal. A
 * journal that cannot be read is told in the notes: the rest is still worth having. Throws POD_NOT_FOUND.
 */
export async function explainPod(api: StreamingApi, name: PodName, signal: AbortSignal): Promise<PodStory> {
  const path = `/api/v1/namespaces/${name.namespace}/pods/${name.name}`;
  const full = `${name.namespace}/${name.name}`;
  const pod = await orUndefined(api.get<Pod>(path, { signal }));
  const bound = pod?.spec?.nodeName;
  const { items } = pod === undefined ? await api.list<Node>('/api/v1/nodes', { signal }) : { items: [] };
  const candidates = pod === undefined ? items.flatMap(({ metadata }) => metadata?.name ?? []) : bound ? [bound] : [];
  const notes: string[] = [];
  const journals = await Promise.all(
    candidates.map((node) =>
      readJournal(api, node, full, signal).catch((error: unknown): readonly WatchedRecord[] => {
        signal.throwIfAborted();
        notes.push(messageOf(error));
        return [];
      }),
    ),
  );
  const steps = journals
    .flatMap((records) => records.flatMap(narrator()))
    .filter(({ kind }) => !isMurmur(kind))
    .sort((a, b) => a.at - b.at);
  if (pod === undefined && steps.length === 0) throw podNotFound(full);
  const node = bound ? await orUndefined(api.get<Node>(`/api/v1/nodes/${bound}`, { signal })) : undefined;
  return {
    pod: full,
    node: bound ?? steps.at(-1)?.node,
    phase: pod?.status?.phase,
    why:
      pod === undefined
        ? ['It is gone from the API server; below is what kubelets remember of it.']
        : explainState({ pod, node, steps }),
    steps,
    events: await eventsOf(api, name, pod?.metadata?.uid, signal),
    notes,
  };
}

async function eventsOf(
  api: StreamingApi,
  { namespace, name }: PodName,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<readonly StoryEvent[]> {
  const { items } = await api.list<KubeEvent>(`/api/v1/namespaces/${namespace}/events`, {
    query: { fieldSelector: `involvedObject.kind=Pod,involvedObject.name=${name}` },
    signal,
  });
  return items
    .filter(({ involvedObject }) => uid === undefined || involvedObject.uid === undefined || involvedObject.uid === uid)
    .map(({ lastTimestamp, eventTime, metadata, type, reason, message, count, source, reportingComponent }) => ({
      at: Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? ''),
      type: type ?? 'Normal',
      reason: reason ?? '',
      message: message ?? '',
      count: count ?? 1,
      from: source?.component || reportingComponent || '',
    }))
    .sort((a, b) => a.at - b.at);
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
