import { isJsonObject } from '../../config/patches/json-value.ts';
import { mergePatch } from '../../config/patches/merge.ts';
import type { ClusterConfiguration, KubeletConfiguration, KubeProxyConfiguration } from './schema.ts';
import { clusterDnsAddress } from './service-addresses.ts';

/** Fills in what kubeadm fills in; what the document says already, stays. */
export function defaultKubeletConfiguration(
  document: KubeletConfiguration,
  cluster: ClusterConfiguration,
): KubeletConfiguration {
  const defaulted = under(document, {
    staticPodPath: '/etc/kubernetes/manifests',
    clusterDNS: [clusterDnsAddress(cluster.networking.serviceSubnet)],
    clusterDomain: cluster.networking.dnsDomain,
    authentication: {
      x509: { clientCAFile: `${cluster.certificatesDir}/ca.crt` },
      webhook: { enabled: true },
      anonymous: { enabled: false },
    },
    authorization: { mode: 'Webhook' },
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    cgroupDriver: 'systemd',
  });
  return { ...document, ...defaulted, rotateCertificates: true };
}

/** Fills in what kubeadm fills in for kube-proxy. */
export function defaultKubeProxyConfiguration(
  document: KubeProxyConfiguration,
  cluster: ClusterConfiguration,
): KubeProxyConfiguration {
  const defaulted = under(document, {
    bindAddress: '0.0.0.0',
    clusterCIDR: cluster.networking.podSubnet,
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    mode: 'iptables',
  });
  return { ...document, ...defaulted };
}

/** The document laid over the defaults. */
function under(document: object, defaults: object): Readonly<Record<string, unknown>> {
  const merged = mergePatch(defaults, document);
  return isJsonObject(merged) ? merged : {};
}
