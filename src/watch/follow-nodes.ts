import { isNotFound } from '../api/errors.ts';
import type { StreamingApi } from '../api/port.ts';
import type { Node } from '../api/types.ts';
import type { Clock } from '../base/clock.ts';
import { KlabError } from '../base/errors.ts';
import { nodeNotInCluster } from './errors.ts';
import { followJournal, type Heard } from './journal-source.ts';
import { merge } from './merge.ts';

/** The names of the nodes that are watched. Throws NODE_NOT_FOUND. */
export async function watchedNodes(
  api: Pick<StreamingApi, 'list'>,
  node: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { items } = await api.list<Node>('/api/v1/nodes', { signal });
  const names = items.flatMap(({ metadata }) => metadata?.name ?? []);
  if (node === undefined) return names;
  if (!names.includes(node)) throw nodeNotInCluster(node, names);
  return [node];
}

export interface FollowNodesOptions {
  readonly api: Pick<StreamingApi, 'lines'>;
  readonly clock: Clock;
  readonly nodes: readonly string[];
  /** `namespace/name`; undefined: all. */
  readonly pod: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * The journals of nodes, merged as they come. With one node, a kubelet that has no journal is an error; with several,
 * such a node is told as lost and the others go on. Throws NOT_ALLOWED, NO_JOURNAL.
 */
export function followNodes({ nodes, ...options }: FollowNodesOptions): AsyncIterable<Heard> {
  const follow = (node: string) => followJournal({ ...options, node });
  return merge(nodes.map((node) => (nodes.length === 1 ? follow(node) : passingOver(node, follow(node)))));
}

async function* passingOver(node: string, heard: AsyncIterable<Heard>): AsyncIterable<Heard> {
  try {
    yield* heard;
  } catch (error) {
    if (!(error instanceof KlabError) || !isNotFound(error.cause)) throw error;
    yield { type: 'lost', node, because: error.message };
  }
}
