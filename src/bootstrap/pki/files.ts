import type { FileTree, NodeFile } from '../../base/file-tree.ts';
import { nodeUnknown } from '../errors.ts';
import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import type { ClusterPki, ControlPlanePki, PemPair } from '../types.ts';

/** The control-plane node's own part of the PKI. */
export function controlPlanePki(pki: ClusterPki, nodeName: string): ControlPlanePki {
  const own = pki.controlPlanes[nodeName];
  if (own === undefined) throw nodeUnknown(nodeName);
  return own;
}

/** /etc/kubernetes/pki of a control-plane node: certificates 0644, keys 0600. */
export function renderPkiFiles(config: ResolvedConfig, pki: ClusterPki): FileTree {
  const dir = config.cluster.certificatesDir;
  const own = controlPlanePki(pki, config.node.name);
  const pairs: readonly (readonly [string, PemPair])[] = [
    ['ca', pki.ca],
    ['front-proxy-ca', pki.frontProxyCa],
    ['etcd/ca', pki.etcdCa],
    ['apiserver', own.apiServer],
    ['apiserver-kubelet-client', own.apiServerKubeletClient],
    ['apiserver-etcd-client', own.apiServerEtcdClient],
    ['front-proxy-client', own.frontProxyClient],
    ['etcd/server', own.etcdServer],
    ['etcd/peer', own.etcdPeer],
    ['etcd/healthcheck-client', own.etcdHealthcheckClient],
  ];
  return new Map<string, NodeFile>([
    ...pairs.flatMap(([name, pair]) => [
      [`${dir}/${name}.crt`, { text: pair.certificatePem, mode: 0o644 }] as const,
      [`${dir}/${name}.key`, { text: pair.privateKeyPem, mode: 0o600 }] as const,
    ]),
    [`${dir}/sa.key`, { text: pki.serviceAccount.privateKeyPem, mode: 0o600 }],
    [`${dir}/sa.pub`, { text: pki.serviceAccount.publicKeyPem, mode: 0o600 }],
  ]);
}
