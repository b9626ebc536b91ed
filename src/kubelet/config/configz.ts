import type { KubeletConfiguration } from './model.ts';

/** Fields that Go leaves out when they are empty. */
const empty = (value: unknown): boolean =>
  value === undefined ||
  value === '' ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0);

/** Fields that have no default: /configz shows them only when they are set. */
const optional = new Set([
  'staticPodPath',
  'staticPodURL',
  'staticPodURLHeader',
  'readOnlyPort',
  'tlsCertFile',
  'tlsPrivateKeyFile',
  'tlsCipherSuites',
  'tlsMinVersion',
  'clusterDomain',
  'clusterDNS',
  'kubeletCgroups',
  'systemCgroups',
  'cgroupRoot',
  'podCIDR',
  'evictionHard',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'evictionMaxPodGracePeriod',
  'evictionMinimumReclaim',
  'podsPerCore',
  'featureGates',
  'systemReserved',
  'kubeReserved',
  'systemReservedCgroup',
  'kubeReservedCgroup',
  'reservedSystemCPUs',
  'allowedUnsafeSysctls',
  'providerID',
  'registerWithTaints',
  'imageServiceEndpoint',
  'imagePullCredentialsVerificationPolicy',
]);

/** The body of /configz: the configuration in force. */
export function renderConfigz(configuration: KubeletConfiguration): string {
  const shown = Object.fromEntries(
    Object.entries(configuration).filter(
      ([name, value]) => name !== 'runOnce' && !(optional.has(name) && empty(value)),
    ),
  );
  const { rotateCertificates, serverTLSBootstrap, ...rest } = shown as {
    rotateCertificates?: boolean;
    serverTLSBootstrap?: boolean;
  };
  const kubeletconfig = {
    ...rest,
    ...(rotateCertificates ? { rotateCertificates } : {}),
    ...(serverTLSBootstrap ? { serverTLSBootstrap } : {}),
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
  };
  return JSON.stringify({ kubeletconfig });
}
