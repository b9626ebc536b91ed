import type { ClusterConfig, NodeConfig } from '../config/model.ts';
import type { ContainerSpec, Mount, PublishedPort } from '../engine/port.ts';
import { clusterLabel, networkName, roleLabel } from './labels.ts';

const propagations = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;
const protocols = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

export interface NodeContainerInput {
  readonly cluster: ClusterConfig;
  readonly node: NodeConfig;
  readonly image: string;
  readonly ipv4Address: string;
  /** What to publish, from `wantedPorts`. */
  readonly ports: readonly PublishedPort[];
  /** Subnet of the nodes' network: like the cluster's own networks, it is never reached by way of a proxy. */
  readonly networkSubnet: string;
  readonly env: NodeJS.ProcessEnv;
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;

/** The user's proxy settings, with everything inside the cluster left out of them. */
function proxyEnv({ cluster, networkSubnet, env }: NodeContainerInput): Record<string, string> {
  const setting = (name: string) => env[name] ?? env[name.toLowerCase()];
  if (!setting('HTTP_PROXY') && !setting('HTTPS_PROXY')) return {};
  const { podSubnet, serviceSubnet } = cluster.networking;
  const inside = [
    networkSubnet,
    podSubnet,
    serviceSubnet,
    ...cluster.nodes.map(({ name }) => name),
    '.svc',
    '.svc.cluster.local',
  ];
  const values = { ...Object.fromEntries(proxyNames.map((name) => [name, setting(name) ?? ''])) };
  values.NO_PROXY = [...(values.NO_PROXY ?? '').split(',').filter(Boolean), ...inside].join(',');
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === ''
        ? []
        : [
            [name, value],
            [name.toLowerCase(), value],
          ],
    ),
  );
}

/** What a node publishes on the host, as its config says it: 0 and -1 are still to be chosen. */
export function wantedPorts({ networking }: ClusterConfig, node: NodeConfig): readonly PublishedPort[] {
  const apiPort: PublishedPort = {
    containerPort: 6443,
    protocol: 'tcp',
    hostAddress: networking.apiServerAddress,
    hostPort: networking.apiServerPort,
  };
  return [
    ...(node.role === 'control-plane' ? [apiPort] : []),
    ...node.extraPortMappings.map(
      ({ containerPort, hostPort, listenAddress, protocol }): PublishedPort => ({
        containerPort,
        protocol: protocols[protocol],
        hostAddress: listenAddress,
        hostPort,
      }),
    ),
  ];
}

/** The container that is a node. */
export function renderNodeContainer(input: NodeContainerInput): ContainerSpec {
  const { cluster, node, image, ipv4Address } = input;
  const controlPlane = node.role === 'control-plane';
  const sysctls = Object.entries({ ...cluster.sysctls, ...node.sysctls }).map(([name, value]) => `${name}=${value}`);
  const mounts: Mount[] = [
    { type: 'tmpfs', target: '/tmp' },
    { type: 'tmpfs', target: '/run' },
    // containerd's overlay file systems cannot lie on the container's own overlay.
    { type: 'volume', target: '/var' },
    // kube-proxy and CNI plugins look up which modules there are.
    { type: 'bind', source: '/lib/modules', target: '/lib/modules', readOnly: true, propagation: 'private' },
    ...node.extraMounts.map(
      (mount): Mount => ({
        type: 'bind',
        source: mount.hostPath,
        target: mount.containerPath,
        readOnly: mount.readOnly,
        propagation: propagations[mount.propagation],
        selinuxRelabel: mount.selinuxRelabel,
      }),
    ),
  ];
  return {
    name: node.name,
    hostname: node.name,
    image,
    kind: 'machine',
    network: networkName,
    ipv4Address,
    ...(cluster.networking.dnsSearch === undefined ? {} : { dnsSearch: cluster.networking.dnsSearch }),
    labels: { [clusterLabel]: cluster.name, [roleLabel]: node.role },
    env: {
      ...proxyEnv(input),
      ...(controlPlane ? { KUBECONFIG: '/etc/kubernetes/admin.conf' } : {}),
      ...(sysctls.length === 0 ? {} : { KLAB_SYSCTLS: sysctls.join('\n') }),
    },
    mounts,
    ports: input.ports,
    ...(node.resources.cpus === undefined ? {} : { nanoCpus: Math.round(node.resources.cpus * 1e9) }),
    ...(node.resources.memoryBytes === undefined ? {} : { memoryBytes: node.resources.memoryBytes }),
  };
}
