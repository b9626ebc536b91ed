import type { Node, Pod } from '../../../api/types.ts';

/** What keeps a network that was applied from being whole. */
export interface NetworkMissing {
  /** As one sentence. */
  readonly text: string;
  /** The node it is missing on, whose log may tell why. */
  readonly node?: string;
  /** An image that a node cannot get: waiting does not help. */
  readonly image?: string;
}

/** A pod controller that the manifest brings, and the pods' labels by which its pods are known. */
export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const condition = <T extends { readonly type: string }>(conditions: readonly T[] | undefined, type: string) =>
  conditions?.find((each) => each.type === type);

const isReady = (pod: Pod): boolean => condition(pod.status?.conditions, 'Ready')?.status === 'True';

/** The first thing that is missing: a pod of the network on some node, a node that is not Ready, cluster DNS. */
export function missingNetwork(
  workloads: readonly Workload[],
  nodes: readonly Node[],
  pods: readonly Pod[],
): NetworkMissing | undefined {
  return (
    missingImage(workloads, pods) ??
    missingDaemonPod(workloads, nodes, pods) ??
    missingNode(nodes) ??
    missingPodOf(
      workloads.filter(({ kind }) => kind !== 'DaemonSet'),
      pods,
    ) ??
    missingDns(pods)
  );
}

const belongsTo = ({ namespace, labels }: Workload, pod: Pod): boolean =>
  pod.metadata?.namespace === namespace &&
  Object.entries(labels).every(([key, value]) => pod.metadata?.labels?.[key] === value);

function missingImage(workloads: readonly Workload[], pods: readonly Pod[]): NetworkMissing | undefined {
  for (const pod of pods.filter((each) => workloads.some((workload) => belongsTo(workload, each)))) {
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const failed = statuses.find(({ state }) => state?.waiting?.reason === 'ImagePullBackOff');
    if (failed === undefined) continue;
    const node = pod.spec?.nodeName ?? '';
    return { text: failed.state?.waiting?.message ?? 'it did not say why', node, image: failed.image };
  }
  return undefined;
}

function missingDaemonPod(
  workloads: readonly Workload[],
  nodes: readonly Node[],
  pods: readonly Pod[],
): NetworkMissing | undefined {
  for (const workload of workloads.filter(({ kind }) => kind === 'DaemonSet')) {
    for (const { metadata } of nodes) {
      const node = metadata?.name ?? '';
      const pod = pods.find((each) => belongsTo(workload, each) && each.spec?.nodeName === node);
      if (pod === undefined) return { text: `${workload.name} has no pod on ${node} yet`, node };
      if (!isReady(pod)) return { text: describePod(pod, `${workload.name} on ${node}`), node };
    }
  }
  return undefined;
}

function missingNode(nodes: readonly Node[]): NetworkMissing | undefined {
  for (const { metadata, status } of nodes) {
    const ready = condition(status?.conditions, 'Ready');
    if (ready?.status === 'True') continue;
    const node = metadata?.name ?? '';
    return { text: `node ${node} is not Ready: ${ready?.message ?? 'it has not said why'}`, node };
  }
  return undefined;
}

function missingPodOf(workloads: readonly Workload[], pods: readonly Pod[]): NetworkMissing | undefined {
  for (const workload of workloads) {
    const own = pods.filter((each) => belongsTo(workload, each));
    if (own.some(isReady)) continue;
    const [pod] = own;
    const node = pod?.spec?.nodeName;
    const text = pod === undefined ? `${workload.name} has no pod yet` : describePod(pod, workload.name);
    return { text, ...(node === undefined ? {} : { node }) };
  }
  return undefined;
}

function missingDns(pods: readonly Pod[]): NetworkMissing | undefined {
  const dns = pods.filter(({ metadata }) => metadata?.labels?.['k8s-app'] === 'kube-dns');
  if (dns.length === 0 || dns.some(isReady)) return undefined;
  const node = dns[0]?.spec?.nodeName;
  return { text: describePod(dns[0], 'coredns'), ...(node === undefined ? {} : { node }) };
}

function describePod(pod: Pod | undefined, name: string): string {
  const statuses = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
  const waiting = statuses.find(({ state }) => state?.waiting)?.state?.waiting;
  const why = waiting?.reason ?? pod?.status?.phase ?? 'unknown';
  if (why === 'Running') return `${name} runs but is not ready`;
  return `${name} does not run yet (${why}${waiting?.message ? `: ${waiting.message}` : ''})`;
}
