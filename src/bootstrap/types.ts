import type { ApiObject } from '../api/port.ts';
import type { ClusterConfig } from '../config/model.ts';

/** Everything the bootstrap is rendered from. */
export interface BootstrapInput {
  readonly cluster: ClusterConfig;
  /** Like `v1.37.2`. */
  readonly kubernetesVersion: string;
  /** Each node's name → its IPv4 address on klab's network. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Where the API server is published on the host; the address becomes a name on its certificate. */
  readonly apiServer: { readonly hostAddress: string };
  /** The bootstrap token, like `abcdef.0123456789abcdef`; see `newBootstrapToken`. */
  readonly token: string;
  /** Certificates are valid from here (a few minutes earlier, for clocks that differ); tokens end relative to it. */
  readonly now: Date;
}

/** A certificate and its key, as PEM. */
export interface PemPair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What one control-plane node holds on its own. */
export interface ControlPlanePki {
  readonly apiServer: PemPair;
  readonly apiServerKubeletClient: PemPair;
  readonly apiServerEtcdClient: PemPair;
  readonly frontProxyClient: PemPair;
  readonly etcdServer: PemPair;
  readonly etcdPeer: PemPair;
  readonly etcdHealthcheckClient: PemPair;
  readonly admin: PemPair;
  readonly superAdmin: PemPair;
  readonly controllerManager: PemPair;
  readonly scheduler: PemPair;
  readonly kubelet: PemPair;
}

/** Every key of the cluster. */
export interface ClusterPki {
  readonly ca: PemPair;
  readonly frontProxyCa: PemPair;
  readonly etcdCa: PemPair;
  readonly serviceAccount: { readonly publicKeyPem: string; readonly privateKeyPem: string };
  /** `sha256:…` of the CA's public key, for `kubeadm join --discovery-token-ca-cert-hash`. */
  readonly caHash: string;
  /** By the control-plane node's name. */
  readonly controlPlanes: Readonly<Record<string, ControlPlanePki>>;
}

/** Objects that can be applied side by side; the groups in their order. */
export interface ObjectGroup {
  readonly name: string;
  readonly objects: readonly ApiObject[];
}

export interface NodeTaint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
  readonly timeAdded?: string | undefined;
}

/** What marks a node once it has registered: apply as a merge patch to /api/v1/nodes/NAME. */
export interface NodeMarks {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  /** Absent: the taints stay as they are. */
  readonly spec?: { readonly taints: readonly NodeTaint[] };
}
