import * as z from 'zod';
import { keyAlgorithms } from '../../base/x509/keys.ts';
import { isDuration } from './durations.ts';

// kubeadm's v1beta4 documents with kubeadm's defaults. Strict: a misspelt field in a patch is an error, not a shrug.

const arg = z.strictObject({ name: z.string().min(1), value: z.string() });
const duration = z.string().refine(isDuration, 'is not a duration like 8760h or 4m0s');
const volume = z.strictObject({
  name: z.string(),
  hostPath: z.string(),
  mountPath: z.string(),
  readOnly: z.boolean().default(false),
  pathType: z.string().default(''),
});
const env = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.looseObject({}).optional(),
});
const taint = z.strictObject({
  key: z.string(),
  value: z.string().optional(),
  effect: z.string(),
  timeAdded: z.string().optional(),
});

const component = {
  extraArgs: z.array(arg).default([]),
  extraVolumes: z.array(volume).default([]),
  extraEnvs: z.array(env).default([]),
};

const localEtcd = z.strictObject({
  imageRepository: z.string().optional(),
  imageTag: z.string().optional(),
  dataDir: z.string().default('/var/lib/etcd'),
  extraArgs: z.array(arg).default([]),
  extraEnvs: z.array(env).default([]),
  serverCertSANs: z.array(z.string()).default([]),
  peerCertSANs: z.array(z.string()).default([]),
});

const head = { apiVersion: z.literal('kubeadm.k8s.io/v1beta4'), metadata: z.looseObject({}).optional() };

export const clusterConfigurationSchema = z.strictObject({
  ...head,
  kind: z.literal('ClusterConfiguration'),
  etcd: z
    .strictObject({ local: localEtcd.prefault({}), external: z.looseObject({}).optional() })
    .prefault({ local: {} }),
  networking: z.strictObject({
    serviceSubnet: z.string().default('10.96.0.0/12'),
    podSubnet: z.string().default(''),
    dnsDomain: z.string().default('cluster.local'),
  }),
  kubernetesVersion: z.string(),
  controlPlaneEndpoint: z.string(),
  apiServer: z.strictObject({ ...component, certSANs: z.array(z.string()).default([]) }).prefault({}),
  controllerManager: z.strictObject(component).prefault({}),
  scheduler: z.strictObject(component).prefault({}),
  dns: z
    .strictObject({
      imageRepository: z.string().optional(),
      imageTag: z.string().optional(),
      disabled: z.boolean().optional(),
    })
    .prefault({}),
  proxy: z.strictObject({ disabled: z.boolean().optional() }).prefault({}),
  certificatesDir: z.string().default('/etc/kubernetes/pki'),
  imageRepository: z.string().default('registry.k8s.io'),
  featureGates: z.record(z.string(), z.boolean()).optional(),
  clusterName: z.string().default('kubernetes'),
  encryptionAlgorithm: z.enum(keyAlgorithms).default('RSA-2048'),
  certificateValidityPeriod: duration.default('8760h0m0s'),
  caCertificateValidityPeriod: duration.default('87600h0m0s'),
});

const nodeRegistration = z.strictObject({
  name: z.string().optional(),
  criSocket: z.string().default('unix:///run/containerd/containerd.sock'),
  /** Undefined: the role's default; empty: none. */
  taints: z.array(taint).nullish(),
  kubeletExtraArgs: z.array(arg).default([]),
  ignorePreflightErrors: z.array(z.string()).optional(),
  imagePullPolicy: z.string().optional(),
  imagePullSerial: z.boolean().optional(),
});

const apiEndpoint = z.strictObject({ advertiseAddress: z.string(), bindPort: z.number().int().default(6443) });
const timeouts = z.record(z.string(), duration);
const skipped = {
  dryRun: z.boolean().optional(),
  certificateKey: z.string().optional(),
  skipPhases: z.array(z.string()).optional(),
  patches: z.looseObject({}).optional(),
  timeouts: timeouts.default({}),
};

export const initConfigurationSchema = z.strictObject({
  ...head,
  ...skipped,
  kind: z.literal('InitConfiguration'),
  bootstrapTokens: z
    .array(
      z.strictObject({
        token: z.string().regex(/^[a-z0-9]{6}\.[a-z0-9]{16}$/, 'is not a token like abcdef.0123456789abcdef'),
        description: z.string().optional(),
        ttl: duration.default('24h0m0s'),
        expires: z.string().optional(),
        usages: z.array(z.string()).default(['signing', 'authentication']),
        groups: z.array(z.string()).default(['system:bootstrappers:kubeadm:default-node-token']),
      }),
    )
    .min(1),
  nodeRegistration,
  localAPIEndpoint: apiEndpoint,
});

export const joinConfigurationSchema = z.strictObject({
  ...head,
  ...skipped,
  kind: z.literal('JoinConfiguration'),
  nodeRegistration,
  caCertPath: z.string().default('/etc/kubernetes/pki/ca.crt'),
  discovery: z.looseObject({}),
  controlPlane: z.strictObject({ localAPIEndpoint: apiEndpoint, certificateKey: z.string().optional() }).optional(),
});

/** The kubelet and kube-proxy read these themselves; here only what kubeadm touches is looked at. */
export const kubeletConfigurationSchema = z.looseObject({
  apiVersion: z.literal('kubelet.config.k8s.io/v1beta1'),
  kind: z.literal('KubeletConfiguration'),
});
export const kubeProxyConfigurationSchema = z.looseObject({
  apiVersion: z.literal('kubeproxy.config.k8s.io/v1alpha1'),
  kind: z.literal('KubeProxyConfiguration'),
});

export type ClusterConfiguration = z.infer<typeof clusterConfigurationSchema>;
export type InitConfiguration = z.infer<typeof initConfigurationSchema>;
export type JoinConfiguration = z.infer<typeof joinConfigurationSchema>;
export type KubeletConfiguration = z.infer<typeof kubeletConfigurationSchema>;
export type KubeProxyConfiguration = z.infer<typeof kubeProxyConfigurationSchema>;
export type NodeRegistration = z.infer<typeof nodeRegistration>;
export type ControlPlaneComponent = Pick<
  ClusterConfiguration['controllerManager'],
  'extraArgs' | 'extraVolumes' | 'extraEnvs'
>;
export type Arg = z.infer<typeof arg>;
