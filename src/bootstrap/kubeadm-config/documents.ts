import type { NodeConfig } from '../../config/model.ts';
import type { BootstrapInput } from '../types.ts';

/** The documents of /kind/kubeadm.conf before their patches, in the order they are written. */
export type Documents = Readonly<Record<DocumentKind, Readonly<Record<string, unknown>>>>;

export const documentKinds = [
  'ClusterConfiguration',
  'InitConfiguration',
  'JoinConfiguration',
  'KubeletConfiguration',
  'KubeProxyConfiguration',
] as const;
export type DocumentKind = (typeof documentKinds)[number];

const kubeadmVersion = 'kubeadm.k8s.io/v1beta4';
const apiServerPort = 6443;

/**
 * What klab asks of kubeadm for one node, as kind does, with two differences: the token is random and joining
 * verifies the CA by its hash. `caHash` is undefined as long as the CA is not made.
 */
export function renderDocuments(input: BootstrapInput, node: NodeConfig, caHash: string | undefined): Documents {
  const { cluster } = input;
  const address = input.addresses[node.name] ?? '';
  const endpoint = controlPlaneEndpoint(input);
  const nodeRegistration = {
    criSocket: 'unix:///run/containerd/containerd.sock',
    kubeletExtraArgs: renderKubeletArgs(cluster.name, node, address),
  };
  const localAPIEndpoint = { advertiseAddress: address, bindPort: apiServerPort };
  const gates = Object.entries(cluster.featureGates).map(([gate, on]) => `${gate}=${on}`);
  const gateArgs = gates.length === 0 ? [] : [{ name: 'feature-gates', value: gates.join(',') }];
  const gateMap = gates.length === 0 ? {} : { featureGates: { ...cluster.featureGates } };
  return {
    ClusterConfiguration: {
      apiVersion: kubeadmVersion,
      kind: 'ClusterConfiguration',
      kubernetesVersion: input.kubernetesVersion,
      clusterName: cluster.name,
      controlPlaneEndpoint: endpoint,
      apiServer: {
        certSANs: ['localhost', input.apiServer.hostAddress],
        extraArgs: [{ name: 'runtime-config', value: joinPairs(cluster.runtimeConfig) }, ...gateArgs],
      },
      controllerManager: {
        extraArgs: [
          { name: 'enable-hostpath-provisioner', value: 'true' },
          // Its controllers ask for an account each when they start; at the default of 20 requests a second they begin
          // five seconds later than they could, and no worker's certificate is signed before.
          { name: 'kube-api-qps', value: '200' },
          { name: 'kube-api-burst', value: '400' },
          ...gateArgs,
        ],
      },
      scheduler: { extraArgs: gateArgs },
      networking: { podSubnet: cluster.networking.podSubnet, serviceSubnet: cluster.networking.serviceSubnet },
    },
    InitConfiguration: {
      apiVersion: kubeadmVersion,
      kind: 'InitConfiguration',
      bootstrapTokens: [{ token: input.token }],
      localAPIEndpoint,
      nodeRegistration,
    },
    JoinConfiguration: {
      apiVersion: kubeadmVersion,
      kind: 'JoinConfiguration',
      ...(node.role === 'control-plane' ? { controlPlane: { localAPIEndpoint } } : {}),
      discovery: {
        bootstrapToken: {
          apiServerEndpoint: endpoint,
          token: input.token,
          ...(caHash === undefined ? {} : { caCertHashes: [caHash] }),
        },
      },
      nodeRegistration,
    },
    KubeletConfiguration: {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      cgroupDriver: 'cgroupfs',
      cgroupRoot: '/kubelet',
      failCgroupV1: false,
      failSwapOn: false,
      // The node sees the whole disk of the machine: what is full there is not this cluster's to free.
      imageGCHighThresholdPercent: 100,
      evictionHard: { 'imagefs.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%' },
      ...gateMap,
    },
    KubeProxyConfiguration: {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: cluster.networking.kubeProxyMode === 'none' ? 'iptables' : cluster.networking.kubeProxyMode,
      iptables: { minSyncPeriod: '1s' },
      // The machine's conntrack table is not the node's to resize.
      conntrack: { maxPerCore: 0 },
      ...gateMap,
    },
  };
}

/**
 * Where nodes find the API server: the first control plane's address rather than its name, because the address is
 * fixed for the cluster's life and needs no DNS.
 */
export function controlPlaneEndpoint(input: BootstrapInput): string {
  const first = input.cluster.nodes.find((node) => node.role === 'control-plane');
  return `${input.addresses[first?.name ?? ''] ?? ''}:${apiServerPort}`;
}

function renderKubeletArgs(cluster: string, node: NodeConfig, address: string) {
  const labels = joinPairs(node.labels);
  return [
    { name: 'node-ip', value: address },
    ...(labels === '' ? [] : [{ name: 'node-labels', value: labels }]),
    { name: 'provider-id', value: `klab://docker/${cluster}/${node.name}` },
  ];
}

const joinPairs = (pairs: Readonly<Record<string, string>>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
