import type { ApiObject } from '../../api/port.ts';
import { isJsonObject } from '../../config/patches/json-value.ts';
import type { ClusterConfiguration, KubeletConfiguration } from '../kubeadm-config/schema.ts';
import { toYaml } from '../yaml.ts';
import { bootstrappers, nodes } from './access.ts';
import { configMap, readableBy } from './objects.ts';

/** What `kubeadm join` and later `kubeadm` commands read: the cluster's configuration and the kubelets'. */
export const renderConfigMaps = (
  cluster: ClusterConfiguration,
  kubelet: KubeletConfiguration,
): readonly ApiObject[] => [
  configMap('kubeadm-config', 'kube-system', { ClusterConfiguration: toYaml(withoutEmpty(cluster)) }),
  ...readableBy('kubeadm:nodes-kubeadm-config', 'kube-system', 'kubeadm-config', [bootstrappers, nodes]),
  configMap('kubelet-config', 'kube-system', { kubelet: toYaml(kubelet) }),
  ...readableBy('kubeadm:kubelet-config', 'kube-system', 'kubelet-config', [nodes, bootstrappers]),
];

/**
 * What anybody may read before joining: where the API server is and its CA. The controller manager signs it with each
 * token, so that who knows a token can trust it.
 */
export const renderClusterInfo = (cluster: ClusterConfiguration, caPem: string): readonly ApiObject[] => [
  configMap('cluster-info', 'kube-public', {
    kubeconfig: toYaml({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: '',
          cluster: {
            server: `https://${cluster.controlPlaneEndpoint}`,
            'certificate-authority-data': Buffer.from(caPem).toString('base64'),
          },
        },
      ],
      contexts: null,
      'current-context': '',
      users: null,
    }),
  }),
  ...readableBy('kubeadm:bootstrap-signer-clusterinfo', 'kube-public', 'cluster-info', [
    { kind: 'User', name: 'system:anonymous' },
  ]),
];

/** kubeadm leaves empty lists out of what it stores. */
const withoutEmpty = (value: unknown): unknown => {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined && !(Array.isArray(inner) && inner.length === 0))
      .map(([key, inner]) => [key, withoutEmpty(inner)]),
  );
};
