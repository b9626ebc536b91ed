import type { ApiObject } from '../api/port.ts';
import { renderCoreDns, renderDefaultNetwork, renderKubeProxy, renderStorage } from './addons/addons.ts';
import { renderAccess } from './join/access.ts';
import { renderTokenSecrets } from './join/bootstrap-tokens.ts';
import { renderClusterInfo, renderConfigMaps } from './join/config-maps.ts';
import { firstControlPlane, resolveConfig, resolveSharedKubelet } from './kubeadm-config/resolve.ts';
import type { BootstrapInput, ClusterPki, ObjectGroup } from './types.ts';

const workloads = ['Deployment', 'DaemonSet'];

/**
 * What a cluster holds from the start, in groups: objects of one group can be applied side by side, group after group.
 * Once `join` is applied, workers can come. The API server makes kube-system and kube-public itself, a moment after it
 * answers: an apply that finds no namespace is to be tried again.
 */
export function renderClusterObjects(input: BootstrapInput, pki: ClusterPki): readonly ObjectGroup[] {
  const config = resolveConfig(input, firstControlPlane(input).name, pki.caHash);
  const { cni, kubeProxyMode } = input.cluster.networking;
  const addons = [
    ...(kubeProxyMode === 'none' ? [] : renderKubeProxy(config)),
    ...(cni.kind === 'default' ? renderDefaultNetwork(config) : []),
    ...renderCoreDns(config),
    ...renderStorage(),
  ];
  const isNamespace = (object: ApiObject) => object.kind === 'Namespace';
  const isWorkload = (object: ApiObject) => workloads.includes(object.kind ?? '');
  return [
    {
      name: 'join',
      objects: [
        ...renderAccess(),
        ...renderTokenSecrets(config.init, input.now),
        ...renderConfigMaps(config.cluster, resolveSharedKubelet(input)),
        ...renderClusterInfo(config.cluster, pki.ca.certificatePem),
        ...addons.filter(isNamespace),
      ],
    },
    // Accounts and settings first: a pod made before its account is refused and tried again only later.
    { name: 'addon settings', objects: addons.filter((object) => !isNamespace(object) && !isWorkload(object)) },
    { name: 'addons', objects: addons.filter(isWorkload) },
  ];
}
