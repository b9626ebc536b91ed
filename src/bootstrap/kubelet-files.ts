import type { FileTree, NodeFile, NodeLink } from '../base/file-tree.ts';
import type { ResolvedConfig } from './kubeadm-config/resolve.ts';
import { controlPlanePki } from './pki/files.ts';
import { renderArguments } from './static-pods/arguments.ts';
import type { ClusterPki } from './types.ts';
import { toYaml } from './yaml.ts';

const kubeletDir = '/var/lib/kubelet';

/** The kubelet's client certificate and key, in one file that it renews. */
export const kubeletClientPem = `${kubeletDir}/pki/kubelet-client-current.pem`;

/** What the kubelet reads on every node. */
export function renderKubeletFiles(config: ResolvedConfig): FileTree {
  const { kubelet, registration } = config;
  const endpoint = registration.criSocket;
  return new Map<string, NodeFile>([
    // 0600, where kubeadm leaves 0644: the CIS benchmark asks for it, and nobody but the kubelet needs it.
    [`${kubeletDir}/config.yaml`, { text: toYaml({ containerRuntimeEndpoint: endpoint, ...kubelet }), mode: 0o600 }],
    [
      `${kubeletDir}/instance-config.yaml`,
      { text: `containerRuntimeEndpoint: ${JSON.stringify(endpoint)}\n`, mode: 0o600 },
    ],
    [
      `${kubeletDir}/kubeadm-flags.env`,
      { text: `KUBELET_KUBEADM_ARGS=${JSON.stringify(renderFlags(config).join(' '))}\n`, mode: 0o644 },
    ],
  ]);
}

/** A control plane's kubelet needs no bootstrap: whoever holds the CA can sign its certificate. */
export function renderKubeletClientFiles(config: ResolvedConfig, pki: ClusterPki, now: Date): FileTree {
  const { kubelet } = controlPlanePki(pki, config.node.name);
  const stamp = now.toISOString().slice(0, 19).replace(/[T:]/g, '-');
  const dated = `${kubeletDir}/pki/kubelet-client-${stamp}.pem`;
  return new Map<string, NodeFile | NodeLink>([
    [dated, { text: kubelet.certificatePem + kubelet.privateKeyPem, mode: 0o600 }],
    [kubeletClientPem, { linkTo: dated }],
  ]);
}

function renderFlags({ node, registration }: ResolvedConfig): readonly string[] {
  const taints = (registration.taints ?? []).map((taint) => `${taint.key}=${taint.value ?? ''}:${taint.effect}`);
  // A control plane's taints are set with its labels once it has registered, as kubeadm does.
  const own: Readonly<Record<string, string>> =
    node.role === 'worker' && taints.length > 0 ? { 'register-with-taints': taints.join(',') } : {};
  return renderArguments(own, registration.kubeletExtraArgs);
}
