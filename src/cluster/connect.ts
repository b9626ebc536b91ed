import { kubeApi } from '../api/client.ts';
import { parseKubeconfig } from '../api/kubeconfig.ts';
import type { StreamingApi } from '../api/port.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { clusterEntry } from './get-kubeconfig.ts';
import { renderKubeconfig } from './kubeconfig/entry.ts';

/** The API of a cluster that is there, as its administrator, from this machine. Throws CLUSTER_NOT_FOUND. */
export async function connectCluster(engine: ContainerEngine, cluster: string): Promise<StreamingApi> {
  const kubeconfig = renderKubeconfig(await clusterEntry(engine, cluster, false));
  const { server, ca, credentials } = parseKubeconfig(kubeconfig, `the kubeconfig of cluster ${cluster}`);
  return kubeApi({ server, ca, credentials, userAgent: 'klab', timeoutMs: 15_000 });
}
