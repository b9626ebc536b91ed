import { parse } from 'yaml';
import * as z from 'zod';
import type { KubeApi } from '../../api/port.ts';
import { loadClusterConfig } from '../../config/load.ts';
import type { ClusterConfig } from '../../config/model.ts';
import type { ContainerEngine } from '../../engine/port.ts';
import { clusterUnreadable } from '../errors.ts';
import { controlPlaneOf, nodesOf } from '../list.ts';
import { runOnNode } from '../node-command.ts';
import { readKept, type Sysctls } from '../sysctl/index.ts';
import { commonSysctls, familyOf, nextWorkerNames, parseSysctlLines, plainNode } from './decide.ts';

/** A cluster that runs, as far as new nodes have to be like the ones it has. */
export interface RunningCluster {
  /** The control plane that is there, and the nodes to come. */
  readonly config: ClusterConfig;
  readonly added: readonly string[];
  /** Like `v1.37.2`. */
  readonly kubernetesVersion: string;
  readonly caPem: string;
  /** The kubelets' configuration, as kubeadm keeps it. */
  readonly kubeletConfig: string;
  readonly containerdConfig: string;
  /** What `klab sysctl set` made on all nodes. */
  readonly sysctls: Sysctls;
  /** Whether nodes become Ready: there is a network. */
  readonly networked: boolean;
}

const configMapShape = z.object({ data: z.record(z.string(), z.string()) });
const clusterConfigurationShape = z.looseObject({
  kubernetesVersion: z.string(),
  networking: z.looseObject({ podSubnet: z.string(), serviceSubnet: z.string() }),
});
const clusterInfoShape = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({ 'certificate-authority-data': z.string() }) })).min(1),
});
const containerShape = z.looseObject({
  Config: z.looseObject({ Env: z.array(z.string()).nullish() }),
  HostConfig: z.looseObject({ DnsSearch: z.array(z.string()).nullish() }),
});
const nodesShape = z.array(
  z.looseObject({
    status: z.looseObject({ conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional() }),
  }),
);

/** Reads what new nodes need from the cluster itself: klab keeps no other state. Throws CLUSTER_NOT_FOUND, CLUSTER_UNREADABLE. */
export async function readCluster(
  engine: ContainerEngine,
  api: KubeApi,
  cluster: string,
  count: number,
  signal: AbortSignal,
): Promise<RunningCluster> {
  const nodes = await nodesOf(engine, cluster);
  const controlPlane = await controlPlaneOf(engine, cluster);
  const data = async (namespace: string, name: string, key: string): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    const value = configMapShape.safeParse(await api.get(path, { signal })).data?.data[key];
    if (value === undefined) throw clusterUnreadable(cluster, `ConfigMap ${namespace}/${name} has no ${key}`);
    return value;
  };
  const [clusterText, kubeletConfig, infoText, containerdConfig, kept, listed] = await Promise.all([
    data('kube-system', 'kubeadm-config', 'ClusterConfiguration'),
    data('kube-system', 'kubelet-config', 'kubelet'),
    data('kube-public', 'cluster-info', 'kubeconfig'),
    runOnNode(engine, controlPlane.name, ['cat', '/etc/containerd/config.toml'], { signal }),
    Promise.all(nodes.filter(({ state }) => state === 'running').map(({ name }) => readKept(engine, name))),
    api.list('/api/v1/nodes', { signal }),
  ]);
  const configuration = clusterConfigurationShape.safeParse(parse(clusterText));
  if (!configuration.success)
    throw clusterUnreadable(cluster, `kubeadm-config: ${z.prettifyError(configuration.error)}`);
  const info = clusterInfoShape.safeParse(parse(infoText));
  if (!info.success) throw clusterUnreadable(cluster, `cluster-info: ${z.prettifyError(info.error)}`);
  const containers = nodes.map(({ container }) => containerShape.parse(container.raw));
  const { podSubnet, serviceSubnet } = configuration.data.networking;
  const added = nextWorkerNames(
    cluster,
    nodes.map(({ name }) => name),
    count,
  );
  const defaults = await loadClusterConfig({ name: cluster });
  const dnsSearch = containers[0]?.HostConfig.DnsSearch ?? undefined;
  return {
    config: {
      ...defaults,
      nodes: [
        plainNode(controlPlane.name, 'control-plane', controlPlane.image),
        ...added.map((name) => plainNode(name, 'worker', controlPlane.image)),
      ],
      networking: { ...defaults.networking, ipFamily: familyOf(podSubnet), podSubnet, serviceSubnet, dnsSearch },
      sysctls: commonSysctls(containers.map(({ Config }) => bootSysctls(Config.Env ?? []))),
    },
    added,
    kubernetesVersion: configuration.data.kubernetesVersion,
    caPem: Buffer.from(info.data.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64').toString('utf8'),
    kubeletConfig,
    containerdConfig,
    sysctls: commonSysctls(kept),
    networked: nodesShape
      .parse(listed.items)
      .some(({ status }) => status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')),
  };
}

const bootSysctls = (env: readonly string[]): Sysctls => {
  const name = 'KLAB_SYSCTLS=';
  return parseSysctlLines(env.find((each) => each.startsWith(name))?.slice(name.length) ?? '');
};
