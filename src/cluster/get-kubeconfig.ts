import type { ContainerEngine } from '../engine/port.ts';
import { entryFromAdminConf, type KubeconfigEntry } from './kubeconfig/entry.ts';
import { controlPlaneOf } from './list.ts';
import { runOnNode } from './node-command.ts';
import { serverUrl } from './server-url.ts';

/**
 * The cluster's kubeconfig entry, from its control plane; `internal`: with the address that containers of its network
 * reach instead of the published port. Throws CLUSTER_NOT_FOUND, NODE_COMMAND_FAILED.
 */
export async function clusterEntry(
  engine: ContainerEngine,
  cluster: string,
  internal: boolean,
): Promise<KubeconfigEntry> {
  const { name, container } = await controlPlaneOf(engine, cluster);
  const adminConf = await runOnNode(engine, name, ['cat', '/etc/kubernetes/admin.conf']);
  return entryFromAdminConf(adminConf, cluster, internal ? `https://${name}:6443` : serverUrl(container.ports));
}
