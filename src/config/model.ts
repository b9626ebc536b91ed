/** A cluster as klab makes it: every version of the config file is converted to this, with all defaults filled in. */
export interface ClusterConfig {
  readonly name: string;
  /** At least one, the control planes first; names are derived (`NAME-control-plane`, `NAME-worker`, `NAME-worker2`). */
  readonly nodes: readonly NodeConfig[];
  readonly networking: Networking;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly runtimeConfig: Readonly<Record<string, string>>;
  readonly kubeadmConfigPatches: readonly string[];
  readonly kubeadmConfigPatchesJSON6902: readonly Json6902Patch[];
  readonly containerdConfigPatches: readonly string[];
  readonly containerdConfigPatchesJSON6902: readonly string[];
  /** Set on every node, kept over restarts (klab.dev/v1alpha1). */
  readonly sysctls: Readonly<Record<string, string>>;
}

export type NodeRole = 'control-plane' | 'worker';

export interface NodeConfig {
  /** Also the container's name and the Kubernetes node's name. */
  readonly name: string;
  readonly role: NodeRole;
  /** Undefined: klab's default image for its version. */
  readonly image: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly extraMounts: readonly ExtraMount[];
  readonly extraPortMappings: readonly ExtraPortMapping[];
  readonly kubeadmConfigPatches: readonly string[];
  readonly kubeadmConfigPatchesJSON6902: readonly Json6902Patch[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Real limits on the node, reported as its capacity (klab.dev/v1alpha1). */
  readonly resources: { readonly cpus: number | undefined; readonly memoryBytes: number | undefined };
  /** Which kubelet runs on the node (klab.dev/v1alpha1). */
  readonly kubelet: 'klab' | 'upstream';
  /** The Docker context of the machine the node runs on; absent: this one (klab.dev/v1alpha1). */
  readonly host?: string;
}

export interface ExtraMount {
  /** Absolute, on the machine that runs klab. */
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly selinuxRelabel: boolean;
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional';
}

export interface ExtraPortMapping {
  readonly containerPort: number;
  /** 0 and -1: a free one is picked. */
  readonly hostPort: number;
  readonly listenAddress: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface Json6902Patch {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** A list of RFC 6902 operations, YAML or JSON. */
  readonly patch: string;
}

export interface Networking {
  readonly ipFamily: 'ipv4' | 'ipv6' | 'dual';
  readonly apiServerAddress: string;
  /** 0: a free one is picked. */
  readonly apiServerPort: number;
  /** One CIDR, or two joined by a comma for dual stack. */
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** `default`: klab's own agent; `none`: left out; `calico`; otherwise a manifest's path or URL, or `-`. */
  readonly cni: Cni;
  readonly kubeProxyMode: 'iptables' | 'ipvs' | 'nftables' | 'none';
  /** Undefined: the host's search domains are inherited. */
  readonly dnsSearch: readonly string[] | undefined;
}

export type Cni =
  | { readonly kind: 'default' }
  | { readonly kind: 'none' }
  | { readonly kind: 'calico' }
  | { readonly kind: 'manifest'; readonly source: string };
