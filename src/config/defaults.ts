import { resolve } from 'node:path';
import type {
  ClusterConfig,
  Cni,
  ExtraMount,
  ExtraPortMapping,
  Json6902Patch,
  Networking,
  NodeConfig,
  NodeRole,
} from './model.ts';
import type { KlabV1Alpha1, NodeV1Alpha1 } from './versions/klab-v1alpha1.ts';

export const DEFAULT_CLUSTER_NAME = 'klab';

const POD_SUBNETS = { ipv4: '10.244.0.0/16', ipv6: 'fd00:10:244::/56', dual: '10.244.0.0/16,fd00:10:244::/56' };
const SERVICE_SUBNETS = { ipv4: '10.96.0.0/16', ipv6: 'fd00:10:96::/112', dual: '10.96.0.0/16,fd00:10:96::/112' };

export interface Overrides {
  readonly name?: string;
  /** Used by every node. */
  readonly image?: string;
  /** `default`, `none`, `calico`, a manifest's path or URL, or `-`. */
  readonly cni?: string;
}

/**
 * The cluster that a file describes, every gap filled (an empty text is a gap too, as in kind). Nodes stay in the
 * file's order, so that a problem's path is the file's. Relative paths are taken from `cwd`.
 */
export function applyDefaults(written: KlabV1Alpha1, overrides: Overrides, cwd: string): ClusterConfig {
  const name = overrides.name || written.name || DEFAULT_CLUSTER_NAME;
  const networking = defaultNetworking(written.networking ?? {}, overrides.cni, cwd);
  const nodes: readonly (NodeV1Alpha1 | undefined)[] = written.nodes?.length ? written.nodes : [{}];
  const nextName = nodeNames(name);
  return {
    name,
    nodes: nodes.map((node) => defaultNode(node ?? {}, nextName, overrides.image, cwd)),
    networking,
    featureGates: written.featureGates ?? {},
    runtimeConfig: written.runtimeConfig ?? {},
    ...defaultPatches(written),
    containerdConfigPatches: texts(written.containerdConfigPatches),
    containerdConfigPatchesJSON6902: texts(written.containerdConfigPatchesJSON6902),
    sysctls: written.sysctls ?? {},
  };
}

function defaultNetworking(
  written: NonNullable<KlabV1Alpha1['networking']>,
  cni: string | undefined,
  cwd: string,
): Networking {
  const ipFamily = written.ipFamily ?? 'ipv4';
  return {
    ipFamily,
    apiServerAddress: written.apiServerAddress || (ipFamily === 'ipv6' ? '::1' : '127.0.0.1'),
    apiServerPort: written.apiServerPort ?? 0,
    podSubnet: written.podSubnet || POD_SUBNETS[ipFamily],
    serviceSubnet: written.serviceSubnet || SERVICE_SUBNETS[ipFamily],
    cni: chooseCni(cni || written.cni || undefined, written.disableDefaultCNI ?? false, cwd),
    kubeProxyMode: written.kubeProxyMode ?? 'iptables',
    dnsSearch: written.dnsSearch === undefined ? undefined : texts(written.dnsSearch),
  };
}

function chooseCni(written: string | undefined, disableDefaultCni: boolean, cwd: string): Cni {
  switch (written) {
    case undefined:
      return { kind: disableDefaultCni ? 'none' : 'default' };
    case 'default':
    case 'none':
    case 'calico':
      return { kind: written };
    default:
      return { kind: 'manifest', source: isNoPath(written) ? written : resolve(cwd, written) };
  }
}

/** A URL, or standard input. */
const isNoPath = (source: string): boolean => source === '-' || /^https?:\/\//.test(source);

/** `NAME-control-plane`, `NAME-worker`, `NAME-worker2`…: the first of a role has no number. */
function nodeNames(cluster: string): (role: NodeRole) => string {
  const made = { 'control-plane': 0, worker: 0 };
  return (role) => {
    made[role] += 1;
    return `${cluster}-${role}${made[role] === 1 ? '' : made[role]}`;
  };
}

function defaultNode(
  written: NodeV1Alpha1,
  nextName: (role: NodeRole) => string,
  imageForAll: string | undefined,
  cwd: string,
): NodeConfig {
  const role = written.role ?? 'control-plane';
  return {
    name: nextName(role),
    role,
    image: imageForAll || written.image || undefined,
    labels: written.labels ?? {},
    extraMounts: (written.extraMounts ?? []).map((mount) => defaultMount(mount ?? {}, cwd)),
    extraPortMappings: (written.extraPortMappings ?? []).map((mapping) => defaultPortMapping(mapping ?? {})),
    ...defaultPatches(written),
    sysctls: written.sysctls ?? {},
    resources: {
      cpus: written.resources?.cpus,
      memoryBytes: written.resources?.memory,
    },
    kubelet: written.kubelet ?? 'klab',
    ...(written.host ? { host: written.host } : {}),
  };
}

type Written<T> = { readonly [K in keyof T]?: T[K] | undefined };

const defaultMount = (written: Written<ExtraMount>, cwd: string): ExtraMount => ({
  hostPath: written.hostPath ? resolve(cwd, written.hostPath) : '',
  containerPath: written.containerPath ?? '',
  readOnly: written.readOnly ?? false,
  selinuxRelabel: written.selinuxRelabel ?? false,
  propagation: written.propagation ?? 'None',
});

const defaultPortMapping = (written: Written<ExtraPortMapping>): ExtraPortMapping => ({
  containerPort: written.containerPort ?? 0,
  hostPort: written.hostPort ?? 0,
  listenAddress: written.listenAddress || '127.0.0.1',
  protocol: written.protocol ?? 'TCP',
});

type PatchLists = Pick<KlabV1Alpha1, 'kubeadmConfigPatches' | 'kubeadmConfigPatchesJSON6902'>;

const defaultPatches = (written: PatchLists) => ({
  kubeadmConfigPatches: texts(written.kubeadmConfigPatches),
  kubeadmConfigPatchesJSON6902: (written.kubeadmConfigPatchesJSON6902 ?? []).map(
    (patch): Json6902Patch => ({
      group: patch?.group ?? '',
      version: patch?.version ?? '',
      kind: patch?.kind ?? '',
      patch: patch?.patch ?? '',
    }),
  ),
});

const texts = (list: readonly (string | undefined)[] | undefined): readonly string[] =>
  (list ?? []).map((text) => text ?? '');
