import type * as z from 'zod';
import type { ClusterConfig, NodeConfig } from '../../config/model.ts';
import { isJsonObject } from '../../config/patches/json-value.ts';
import { kubeadmConfigInvalid, kubeadmSettingUnsupported, nodeUnknown } from '../errors.ts';
import type { BootstrapInput } from '../types.ts';
import { toYaml } from '../yaml.ts';
import { defaultKubeletConfiguration, defaultKubeProxyConfiguration } from './component-configs.ts';
import { type DocumentKind, type Documents, documentKinds, renderDocuments } from './documents.ts';
import { applyPatches } from './patch.ts';
import {
  type ClusterConfiguration,
  clusterConfigurationSchema,
  type InitConfiguration,
  initConfigurationSchema,
  joinConfigurationSchema,
  type KubeletConfiguration,
  type KubeProxyConfiguration,
  kubeletConfigurationSchema,
  kubeProxyConfigurationSchema,
  type NodeRegistration,
} from './schema.ts';

/** One node's kubeadm configuration, patched, defaulted and checked: everything is rendered from this. */
export interface ResolvedConfig {
  readonly node: NodeConfig;
  /** The cluster's, as the first control plane has it: kubeadm reads it nowhere else. */
  readonly cluster: ClusterConfiguration;
  readonly init: InitConfiguration;
  /** The node's own: init's on the first control plane, join's elsewhere. */
  readonly registration: NodeRegistration;
  readonly kubelet: KubeletConfiguration;
  readonly kubeProxy: KubeProxyConfiguration;
  /** Where the node's own API server listens, on a control plane. */
  readonly localEndpoint: { readonly advertiseAddress: string; readonly bindPort: number };
  /** /kind/kubeadm.conf. */
  readonly text: string;
}

/** Throws KUBEADM_* errors when a patch cannot be applied or leaves something that is no kubeadm configuration. */
export function resolveConfig(input: BootstrapInput, nodeName: string, caHash?: string): ResolvedConfig {
  const node = findNode(input, nodeName);
  const first = firstControlPlane(input);
  const own = patchedDocuments(input, node, caHash);
  const leading = node === first ? own : patchedDocuments(input, first, caHash);
  const cluster = check(first.name, 'ClusterConfiguration', clusterConfigurationSchema, leading);
  if (cluster.etcd.external !== undefined) {
    throw kubeadmSettingUnsupported(first.name, 'etcd.external', 'leave etcd to the control plane (etcd.local)');
  }
  const init = check(first.name, 'InitConfiguration', initConfigurationSchema, leading);
  const join = check(node.name, 'JoinConfiguration', joinConfigurationSchema, own);
  const registration = node === first ? init.nodeRegistration : join.nodeRegistration;
  if (registration.name !== undefined && registration.name !== node.name) {
    throw kubeadmSettingUnsupported(node.name, 'nodeRegistration.name', "a node is called by its container's name");
  }
  const localEndpoint = node === first ? init.localAPIEndpoint : join.controlPlane?.localAPIEndpoint;
  return {
    node,
    cluster,
    init,
    registration,
    kubelet: defaultKubeletConfiguration(
      check(node.name, 'KubeletConfiguration', kubeletConfigurationSchema, own),
      cluster,
    ),
    kubeProxy: defaultKubeProxyConfiguration(
      check(first.name, 'KubeProxyConfiguration', kubeProxyConfigurationSchema, leading),
      cluster,
    ),
    localEndpoint: localEndpoint ?? init.localAPIEndpoint,
    text: renderConfigFile(input, own),
  };
}

/** The cluster's kubelet configuration, without any node's own patches: what a machine that joins later is given. */
export function resolveSharedKubelet(input: BootstrapInput): KubeletConfiguration {
  const first = firstControlPlane(input);
  const shared = applyPatches(renderDocuments(input, first, undefined), { ...input.cluster, where: '' });
  const { cluster } = resolveConfig(input, first.name);
  return defaultKubeletConfiguration(
    check('the cluster', 'KubeletConfiguration', kubeletConfigurationSchema, shared),
    cluster,
  );
}

/**
 * Applies every patch of the cluster and of its nodes, and throws what is wrong with them, before anything is made.
 * Addresses are not known then, and do not matter.
 */
export function checkKubeadmConfig(cluster: ClusterConfig, kubernetesVersion: string): void {
  const addresses = Object.fromEntries(cluster.nodes.map((node) => [node.name, '192.0.2.1']));
  const apiServer = { hostAddress: cluster.networking.apiServerAddress };
  const token = 'abcdef.0123456789abcdef';
  const input = { cluster, kubernetesVersion, addresses, apiServer, token, now: new Date(0) };
  for (const node of cluster.nodes) resolveConfig(input, node.name);
}

export function firstControlPlane(input: BootstrapInput): NodeConfig {
  const first = input.cluster.nodes.find((node) => node.role === 'control-plane');
  if (first === undefined) throw nodeUnknown('control-plane');
  return first;
}

function findNode(input: BootstrapInput, nodeName: string): NodeConfig {
  const node = input.cluster.nodes.find((candidate) => candidate.name === nodeName);
  if (node === undefined) throw nodeUnknown(nodeName);
  return node;
}

function patchedDocuments(input: BootstrapInput, node: NodeConfig, caHash: string | undefined): Documents {
  const shared = applyPatches(renderDocuments(input, node, caHash), { ...input.cluster, where: '' });
  return applyPatches(shared, { ...node, where: `nodes[${input.cluster.nodes.indexOf(node)}]` });
}

function check<S extends z.ZodType>(node: string, kind: DocumentKind, schema: S, documents: Documents): z.output<S> {
  const result = schema.safeParse(withoutNulls(documents[kind]));
  if (result.success) return result.data;
  throw kubeadmConfigInvalid(
    node,
    kind,
    result.error.issues.map((issue) => `  ${issue.path.join('.') || kind}: ${issue.message}`),
  );
}

/** `extraArgs:` with nothing after it is null in YAML, and means what leaving it out means. */
const withoutNulls = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
};

function renderConfigFile(input: BootstrapInput, documents: Documents): string {
  const kinds = documentKinds.filter(
    (kind) => kind !== 'KubeProxyConfiguration' || input.cluster.networking.kubeProxyMode !== 'none',
  );
  return `# The kubeadm configuration of this node, as klab made it, with all patches\n${kinds
    .map((kind) => toYaml(documents[kind]))
    .join('---\n')}`;
}
