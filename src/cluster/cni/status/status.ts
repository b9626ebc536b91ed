import type { Node } from '../../../api/types.ts';
import type { ContainerEngine } from '../../../engine/port.ts';
import { allSettled } from '../../all-settled.ts';
import { connectCluster } from '../../connect.ts';
import { nodesOf } from '../../list.ts';
import { clusterUnreadable } from '../errors.ts';
import { findInstalled, type InstalledNetwork } from '../installed.ts';
import { decideNodeStatus, type NodeCniStatus } from './decide.ts';
import { type NodeNetwork, readNodeNetwork } from './read-node.ts';

export interface CniStatus {
  readonly cluster: string;
  readonly networks: readonly InstalledNetwork[];
  readonly nodes: readonly NodeCniStatus[];
}

/** Throws CLUSTER_NOT_FOUND, and CLUSTER_UNREADABLE when the API server does not answer. */
export async function cniStatus(engine: ContainerEngine, cluster: string, signal: AbortSignal): Promise<CniStatus> {
  const names = (await nodesOf(engine, cluster)).map(({ name }) => name);
  const api = await connectCluster(engine, cluster);
  try {
    const seen = new Map<string, NodeNetwork | undefined>();
    await allSettled(names, async (node) => void seen.set(node, await readNodeNetwork(engine, node, signal)));
    const [{ items }, networks] = await Promise.all([
      api.list<Node>('/api/v1/nodes', { signal }),
      findInstalled(api, signal),
    ]).catch((error: unknown) => {
      signal.throwIfAborted();
      throw clusterUnreadable('which network is installed', error);
    });
    const nodes = names.map((name) => {
      const node = items.find(({ metadata }) => metadata?.name === name);
      return decideNodeStatus(name, node, seen.get(name));
    });
    return { cluster, networks, nodes };
  } finally {
    api.closeConnections();
  }
}
