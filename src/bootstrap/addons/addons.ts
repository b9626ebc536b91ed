import type { ApiObject } from '../../api/port.ts';
import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { clusterDnsAddress } from '../kubeadm-config/service-addresses.ts';
import { kubernetesImage } from '../static-pods/shared.ts';
import { toYaml } from '../yaml.ts';
import { renderManifest } from './manifests.ts';

const firstImage = '/spec/template/spec/containers/0/image';
const corednsTag = 'v1.14.6';

/** Cluster DNS; nothing when the kubeadm configuration disables it. */
export function renderCoreDns({ cluster }: ResolvedConfig): readonly ApiObject[] {
  if (cluster.dns.disabled === true) return [];
  const domain = cluster.networking.dnsDomain;
  return renderManifest('coredns', [
    { kind: 'Deployment', path: firstImage, value: corednsImage(cluster) },
    { kind: 'Service', path: '/spec/clusterIP', value: clusterDnsAddress(cluster.networking.serviceSubnet) },
    { kind: 'ConfigMap', path: '/data/Corefile', change: (text) => text.replaceAll('cluster.local', domain) },
  ]);
}

/** kube-proxy with the cluster's KubeProxyConfiguration. */
export function renderKubeProxy(config: ResolvedConfig): readonly ApiObject[] {
  if (config.cluster.proxy.disabled === true) return [];
  return renderManifest('kube-proxy', [
    { kind: 'DaemonSet', path: firstImage, value: kubernetesImage(config, 'kube-proxy') },
    { kind: 'ConfigMap', path: '/data/config.conf', value: toYaml(config.kubeProxy) },
    {
      kind: 'ConfigMap',
      path: '/data/kubeconfig.conf',
      change: (text) => text.replace('control-plane:6443', config.cluster.controlPlaneEndpoint),
    },
  ]);
}

/** The `standard` StorageClass and what makes its volumes. */
export const renderStorage = (): readonly ApiObject[] => renderManifest('storage', []);

/** What the default network has to know of a cluster. */
export interface DefaultNetworkInput {
  readonly cluster: {
    readonly networking: { readonly podSubnet: string };
    /** `HOST:PORT`, as nodes reach it. */
    readonly controlPlaneEndpoint: string;
  };
}

/** The default network's agent. It speaks to the API server directly: the Service may not work yet where it runs. */
export function renderDefaultNetwork({ cluster }: DefaultNetworkInput): readonly ApiObject[] {
  const env = '/spec/template/spec/containers/0/env';
  return renderManifest('default-network', [
    { kind: 'DaemonSet', path: `${env}/1`, value: { name: 'POD_SUBNET', value: cluster.networking.podSubnet } },
    {
      kind: 'DaemonSet',
      path: `${env}/2`,
      value: { name: 'KLAB_API_SERVER', value: `https://${cluster.controlPlaneEndpoint}` },
    },
  ]);
}

/** Elsewhere than in the standard registry, the image is not in a folder of its own. */
function corednsImage({ imageRepository, dns }: ResolvedConfig['cluster']): string {
  const repository =
    dns.imageRepository ?? (imageRepository === 'registry.k8s.io' ? 'registry.k8s.io/coredns' : imageRepository);
  return `${repository}/coredns:${dns.imageTag ?? corednsTag}`;
}
