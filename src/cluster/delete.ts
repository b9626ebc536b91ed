import type { ContainerEngine } from '../engine/port.ts';
import { removeClusterFromKubeconfig } from './kubeconfig/files.ts';
import type { KubeconfigPlace } from './kubeconfig/paths.ts';
import { nodesOf } from './list.ts';

/** Removes a cluster's nodes, their volumes and its kubeconfig entries. Throws CLUSTER_NOT_FOUND. */
export async function deleteCluster(
  engine: ContainerEngine,
  cluster: string,
  kubeconfig: KubeconfigPlace,
): Promise<{ readonly nodes: readonly string[] }> {
  const nodes = (await nodesOf(engine, cluster)).map(({ name }) => name);
  const results = await Promise.allSettled(nodes.map((node) => engine.removeContainer(node)));
  await removeClusterFromKubeconfig(cluster, kubeconfig);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return { nodes };
}
