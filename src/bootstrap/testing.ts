import type { ClusterConfig, NodeConfig } from '../config/model.ts';
import type { BootstrapInput, ClusterPki, PemPair } from './types.ts';

/** A node of a test cluster. */
export const aNode = (name: string, role: NodeConfig['role'], changes: Partial<NodeConfig> = {}): NodeConfig => ({
  name,
  role,
  image: undefined,
  labels: {},
  extraMounts: [],
  extraPortMappings: [],
  kubeadmConfigPatches: [],
  kubeadmConfigPatchesJSON6902: [],
  sysctls: {},
  resources: { cpus: undefined, memoryBytes: undefined },
  kubelet: 'klab',
  ...changes,
});

/** A cluster called lab with one control plane and one worker. */
export const aCluster = (changes: Partial<ClusterConfig> = {}): ClusterConfig => ({
  name: 'lab',
  nodes: [aNode('lab-control-plane', 'control-plane'), aNode('lab-worker', 'worker')],
  networking: {
    ipFamily: 'ipv4',
    apiServerAddress: '127.0.0.1',
    apiServerPort: 0,
    podSubnet: '10.244.0.0/16',
    serviceSubnet: '10.96.0.0/16',
    cni: { kind: 'default' },
    kubeProxyMode: 'iptables',
    dnsSearch: undefined,
  },
  featureGates: {},
  runtimeConfig: {},
  kubeadmConfigPatches: [],
  kubeadmConfigPatchesJSON6902: [],
  containerdConfigPatches: [],
  containerdConfigPatchesJSON6902: [],
  sysctls: {},
  ...changes,
});

/** That cluster's bootstrap, with addresses from 172.18.0.2 on. ECDSA keys unless a patch says otherwise: they are quick. */
export const anInput = (changes: Partial<ClusterConfig> = {}): BootstrapInput => {
  const cluster = aCluster(changes);
  return {
    cluster: {
      ...cluster,
      kubeadmConfigPatches: [
        'kind: ClusterConfiguration\nencryptionAlgorithm: ECDSA-P256',
        ...cluster.kubeadmConfigPatches,
      ],
    },
    kubernetesVersion: 'v1.37.2',
    addresses: Object.fromEntries(cluster.nodes.map((node, i) => [node.name, `172.18.0.${i + 2}`])),
    apiServer: { hostAddress: '127.0.0.1' },
    token: 'abcdef.0123456789abcdef',
    now: new Date('2026-11-23T12:00:00Z'),
  };
};

/** A PKI whose PEM texts only say what they stand for, so that a rendered tree is the same every time. */
export const aPki = (...controlPlanes: readonly string[]): ClusterPki => {
  const pair = (what: string): PemPair => ({ certificatePem: `${what} certificate\n`, privateKeyPem: `${what} key\n` });
  return {
    ca: pair('ca'),
    frontProxyCa: pair('front-proxy-ca'),
    etcdCa: pair('etcd-ca'),
    serviceAccount: { publicKeyPem: 'service account public key\n', privateKeyPem: 'service account private key\n' },
    caHash: `sha256:${'0'.repeat(64)}`,
    controlPlanes: Object.fromEntries(
      (controlPlanes.length === 0 ? ['lab-control-plane'] : controlPlanes).map((node) => [
        node,
        {
          apiServer: pair('apiserver'),
          apiServerKubeletClient: pair('apiserver-kubelet-client'),
          apiServerEtcdClient: pair('apiserver-etcd-client'),
          frontProxyClient: pair('front-proxy-client'),
          etcdServer: pair('etcd server'),
          etcdPeer: pair('etcd peer'),
          etcdHealthcheckClient: pair('etcd healthcheck-client'),
          admin: pair('admin'),
          superAdmin: pair('super-admin'),
          controllerManager: pair('controller-manager'),
          scheduler: pair('scheduler'),
          kubelet: pair('kubelet'),
        },
      ]),
    ),
  };
};
