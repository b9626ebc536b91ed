import type { Node, Pod } from '../../api/types.ts';
import type { ClusterConfig } from '../../config/model.ts';

export interface Missing {
  /** What is missing, as one sentence. */
  readonly text: string;
  /** The node it is missing on, whose log may tell why. */
  readonly node?: string;
}

const condition = <
  T extends { readonly type: string; readonly status: string; readonly message?: string; readonly reason?: string },
>(
  conditions: readonly T[] | undefined,
  type: string,
): T | undefined => conditions?.find((c) => c.type === type);

const isReady = (pod: Pod): boolean => condition(pod.status?.conditions, 'Ready')?.status === 'True';

/** Its containers run: all that can be asked of a pod whose probes only begin after some seconds. */
const isRunning = (pod: Pod): boolean => pod.status?.phase === 'Running';

/** Static pods of a control plane, by the names kubeadm gives them. */
const staticPods = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

function describePod(pod: Pod | undefined, name: string): string {
  if (pod === undefined) return `pod ${name} does not exist yet`;
  const waiting = pod.status?.containerStatuses?.find(({ state }) => state?.waiting)?.state?.waiting;
  const why = waiting?.reason ?? pod.status?.phase ?? 'unknown';
  if (why === 'Running') return `pod ${name} runs but is not ready`;
  return `pod ${name} does not run yet (${why}${waiting?.message ? `: ${waiting.message}` : ''})`;
}

/** The first thing that keeps the cluster from being usable; undefined: it is. */
export function missingForReady(
  config: ClusterConfig,
  nodes: readonly Node[],
  pods: readonly Pod[],
): Missing | undefined {
  const networked = config.networking.cni.kind !== 'none';
  for (const { name } of config.nodes) {
    const node = nodes.find(({ metadata }) => metadata?.name === name);
    if (node === undefined) return { text: `node ${name} has not registered`, node: name };
    const ready = condition(node.status?.conditions, 'Ready');
    if (networked && ready?.status !== 'True') {
      return { text: `node ${name} is not Ready: ${ready?.message ?? 'it has not said why'}`, node: name };
    }
  }
  for (const { name: node, role } of config.nodes) {
    if (role !== 'control-plane') continue;
    for (const component of staticPods) {
      const name = `${component}-${node}`;
      const pod = pods.find(({ metadata }) => metadata?.name === name);
      if (pod === undefined || !isRunning(pod)) return { text: describePod(pod, name), node };
    }
  }
  if (config.networking.kubeProxyMode !== 'none') {
    for (const { name: node } of config.nodes) {
      const pod = pods.find(
        ({ metadata, spec }) => metadata?.labels?.['k8s-app'] === 'kube-proxy' && spec?.nodeName === node,
      );
      if (pod === undefined || !isRunning(pod)) return { text: describePod(pod, `kube-proxy on ${node}`), node };
    }
  }
  if (!networked) return undefined;
  const dns = pods.filter(({ metadata }) => metadata?.labels?.['k8s-app'] === 'kube-dns');
  if (!dns.some(isReady))
    return { text: describePod(dns[0], 'coredns'), ...(dns[0]?.spec?.nodeName ? { node: dns[0].spec.nodeName } : {}) };
  return undefined;
}
