import { boolean, integer, listOf, mapOf, object, oneOf, string } from '../decode.ts';

const json6902Patch = object({ group: string, version: string, kind: string, patch: string });

export const patchFields = {
  kubeadmConfigPatches: listOf(string),
  kubeadmConfigPatchesJSON6902: listOf(json6902Patch),
};

export const nodeFields = {
  role: oneOf('control-plane', 'worker'),
  image: string,
  labels: mapOf(string),
  extraMounts: listOf(
    object({
      hostPath: string,
      containerPath: string,
      readOnly: boolean,
      selinuxRelabel: boolean,
      propagation: oneOf('None', 'HostToContainer', 'Bidirectional'),
    }),
  ),
  extraPortMappings: listOf(
    object({
      containerPort: integer,
      hostPort: integer,
      listenAddress: string,
      protocol: oneOf('TCP', 'UDP', 'SCTP'),
    }),
  ),
  ...patchFields,
};

export const networkingFields = {
  ipFamily: oneOf('ipv4', 'ipv6', 'dual'),
  apiServerAddress: string,
  apiServerPort: integer,
  podSubnet: string,
  serviceSubnet: string,
  disableDefaultCNI: boolean,
  kubeProxyMode: oneOf('iptables', 'ipvs', 'nftables', 'none'),
  dnsSearch: listOf(string),
};

export const clusterFields = {
  kind: string,
  apiVersion: string,
  name: string,
  featureGates: mapOf(boolean),
  runtimeConfig: mapOf(string),
  ...patchFields,
  containerdConfigPatches: listOf(string),
  containerdConfigPatchesJSON6902: listOf(string),
};

const KLABS_OWN = "it is klab's own, for apiVersion: klab.dev/v1alpha1, which has all of kind's fields too";

/** kind's `kind.x-k8s.io/v1alpha4`: exactly its fields. */
export const kindV1Alpha4 = object(
  {
    ...clusterFields,
    nodes: listOf(
      object(nodeFields, { resources: KLABS_OWN, kubelet: KLABS_OWN, sysctls: KLABS_OWN, host: KLABS_OWN }),
    ),
    networking: object(networkingFields, { cni: KLABS_OWN }),
  },
  { sysctls: KLABS_OWN },
);
