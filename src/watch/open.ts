import type { StreamingApi } from '../api/port.ts';
import type { Clock } from '../base/clock.ts';
import { followNodes, watchedNodes } from './follow-nodes.ts';
import { type Heard, readJournal } from './journal-source.ts';
import { parsePodName } from './pod-name.ts';

export interface WatchRequest {
  readonly api: StreamingApi;
  readonly clock: Clock;
  /** Undefined: every node. */
  readonly node: string | undefined;
  /** NAME or NAMESPACE/NAME; undefined: all. */
  readonly pod: string | undefined;
  /** Of a pod that is named without one. */
  readonly namespace: string;
  /** Only what is remembered. */
  readonly once: boolean;
  readonly server: string;
  readonly signal: AbortSignal;
}

/** A watch that is open: what it is of, and what is heard. */
export interface WatchOpening {
  readonly server: string;
  readonly nodes: readonly string[];
  /** `namespace/name` */
  readonly pod: string | undefined;
  readonly heard: AsyncIterable<Heard>;
}

/** Opens a watch as it was asked for. Throws BAD_POD_NAME, NODE_NOT_FOUND, NOT_ALLOWED or NO_JOURNAL. */
export async function openWatch({
  node,
  pod,
  namespace,
  once,
  server,
  ...options
}: WatchRequest): Promise<WatchOpening> {
  const { api, signal } = options;
  const name = pod === undefined ? undefined : parsePodName(pod, namespace);
  const full = name && `${name.namespace}/${name.name}`;
  const nodes = await watchedNodes(api, node, signal);
  if (!once) return { server, nodes, pod: full, heard: followNodes({ ...options, nodes, pod: full }) };
  const remembered = await Promise.all(nodes.map((node) => readJournal(api, node, full, signal)));
  const records = remembered.flat().sort((a, b) => a.at - b.at);
  return { server, nodes, pod: full, heard: ended(records.map((record) => ({ type: 'record', record }))) };
}

async function* ended(heard: readonly Heard[]): AsyncIterable<Heard> {
  yield* heard;
}
