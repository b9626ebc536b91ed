import type { ApiObject } from '../api/port.ts';
import type { FileTree, NodeFile } from '../base/file-tree.ts';
import { renderTokenSecrets } from './join/bootstrap-tokens.ts';
import { type ResolvedConfig, resolveConfig } from './kubeadm-config/resolve.ts';
import { kubeletClientPem, renderKubeletClientFiles, renderKubeletFiles } from './kubelet-files.ts';
import { controlPlanePki, renderPkiFiles } from './pki/files.ts';
import { type Credentials, renderKubeconfig } from './pki/kubeconfigs.ts';
import { renderEtcd } from './static-pods/etcd.ts';
import { renderApiServer } from './static-pods/kube-apiserver.ts';
import { renderControllerManager } from './static-pods/kube-controller-manager.ts';
import { renderScheduler } from './static-pods/kube-scheduler.ts';
import type { BootstrapInput, ClusterPki } from './types.ts';

/** Everything kubeadm would leave on the node, and /kind/kubeadm.conf, which says what it was made from. */
export function renderNode(input: BootstrapInput, pki: ClusterPki, nodeName: string): FileTree {
  const config = resolveConfig(input, nodeName, pki.caHash);
  return new Map([
    ['/kind/kubeadm.conf', { text: config.text, mode: 0o600 }],
    ...renderKubeletFiles(config),
    ...(config.node.role === 'control-plane'
      ? renderControlPlane(input, config, pki)
      : renderWorker(input, config, pki.ca.certificatePem)),
  ]);
}

function renderControlPlane(input: BootstrapInput, config: ResolvedConfig, pki: ClusterPki): FileTree {
  const { advertiseAddress, bindPort } = config.localEndpoint;
  const own = controlPlanePki(pki, config.node.name);
  const shared = `https://${config.cluster.controlPlaneEndpoint}`;
  const local = `https://${advertiseAddress}:${bindPort}`;
  const kubeconfig = (server: string, user: string, credentials: Credentials): NodeFile => ({
    text: renderKubeconfig({
      cluster: config.cluster.clusterName,
      server,
      caPem: pki.ca.certificatePem,
      user,
      credentials,
    }),
    mode: 0o600,
  });
  const manifest = (text: string): NodeFile => ({ text, mode: 0o600 });
  return new Map([
    ...renderPkiFiles(config, pki),
    ...renderKubeletClientFiles(config, pki, input.now),
    ['/etc/kubernetes/admin.conf', kubeconfig(shared, 'kubernetes-admin', { kind: 'certificate', pair: own.admin })],
    [
      '/etc/kubernetes/super-admin.conf',
      kubeconfig(shared, 'kubernetes-super-admin', { kind: 'certificate', pair: own.superAdmin }),
    ],
    [
      '/etc/kubernetes/kubelet.conf',
      kubeconfig(shared, `system:node:${config.node.name}`, { kind: 'certificateFile', path: kubeletClientPem }),
    ],
    [
      '/etc/kubernetes/controller-manager.conf',
      kubeconfig(local, 'system:kube-controller-manager', { kind: 'certificate', pair: own.controllerManager }),
    ],
    [
      '/etc/kubernetes/scheduler.conf',
      kubeconfig(local, 'system:kube-scheduler', { kind: 'certificate', pair: own.scheduler }),
    ],
    ['/etc/kubernetes/manifests/etcd.yaml', manifest(renderEtcd(config, etcdMembers(input)))],
    ['/etc/kubernetes/manifests/kube-apiserver.yaml', manifest(renderApiServer(config))],
    ['/etc/kubernetes/manifests/kube-controller-manager.yaml', manifest(renderControllerManager(config))],
    ['/etc/kubernetes/manifests/kube-scheduler.yaml', manifest(renderScheduler(config))],
  ]);
}

/** What a worker needs to join a cluster that runs already, whose CA certificate is known and whose keys are not. */
export function renderJoiningWorker(input: BootstrapInput, caPem: string, nodeName: string): FileTree {
  const config = resolveConfig(input, nodeName);
  return new Map([...renderKubeletFiles(config), ...renderWorker(input, config, caPem)]);
}

/** The Secret that makes the input's token known to the API server. */
export const renderJoinToken = (input: BootstrapInput, nodeName: string): readonly ApiObject[] =>
  renderTokenSecrets(resolveConfig(input, nodeName).init, input.now);

/** A worker starts with the CA and a token; the rest it asks the API server for. */
function renderWorker(input: BootstrapInput, config: ResolvedConfig, caPem: string): FileTree {
  return new Map([
    [`${config.cluster.certificatesDir}/ca.crt`, { text: caPem, mode: 0o644 }],
    [
      '/etc/kubernetes/bootstrap-kubelet.conf',
      {
        text: renderKubeconfig({
          cluster: config.cluster.clusterName,
          server: `https://${config.cluster.controlPlaneEndpoint}`,
          caPem,
          user: 'tls-bootstrap-token-user',
          credentials: { kind: 'token', token: config.init.bootstrapTokens[0]?.token ?? input.token },
        }),
        mode: 0o600,
      },
    ],
  ]);
}

const etcdMembers = (input: BootstrapInput): Readonly<Record<string, string>> =>
  Object.fromEntries(
    input.cluster.nodes
      .filter((node) => node.role === 'control-plane')
      .map((node) => [node.name, input.addresses[node.name] ?? '']),
  );
