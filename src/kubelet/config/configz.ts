import { stringify } from 'yaml';
import type { KubeletConfiguration } from './model.ts';

/** Fields whose zero value means "not set": shown only when they hold something. */
const optional = new Set([
  'allowedUnsafeSysctls',
  'cgroupRoot',
  'clusterDNS',
  'clusterDomain',
  'cpuManagerPolicyOptions',
  'defaultPodSysctls',
  'enableContentionProfiling',
  'enforceNodeAllocatable',
  'evictionHard',
  'evictionMaxPodGracePeriod',
  'evictionMinimumReclaim',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'featureGates',
  'imageServiceEndpoint',
  'kernelMemcgNotification',
  'kubeReserved',
  'kubeReservedCgroup',
  'kubeletCgroups',
  'podCIDR',
  'podsPerCore',
  'preloadedImagesVerificationAllowlist',
  'protectKernelDefaults',
  'providerID',
  'qosReserved',
  'readOnlyPort',
  'registerWithTaints',
  'reservedMemory',
  'reservedSystemCPUs',
  'rotateCertificates',
  'runOnce',
  'serverTLSBootstrap',
  'showHiddenMetricsForVersion',
  'shutdownGracePeriodByPodPriority',
  'staticPodPath',
  'staticPodURL',
  'staticPodURLHeader',
  'systemCgroups',
  'systemReserved',
  'systemReservedCgroup',
  'tlsCertFile',
  'tlsCipherSuites',
  'tlsCurvePreferences',
  'tlsMinVersion',
  'tlsPrivateKeyFile',
  'topologyManagerPolicyOptions',
]);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

function configurationInForce(configuration: KubeletConfiguration): object {
  const shown = Object.entries(configuration).filter(([name, value]) => !(optional.has(name) && isEmpty(value)));
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    ...Object.fromEntries(shown),
  };
}

/** The body of /configz: the configuration in force. */
export const renderConfigz = (configuration: KubeletConfiguration): string =>
  JSON.stringify({ kubeletconfig: configurationInForce(configuration) });

/** The same as YAML, for the log: without what headers hold, which may be secret. */
export const renderConfigurationForLog = (configuration: KubeletConfiguration): string =>
  stringify(
    configurationInForce({
      ...configuration,
      ...(configuration.staticPodURLHeader === undefined
        ? {}
        : {
            staticPodURLHeader: Object.fromEntries(
              Object.keys(configuration.staticPodURLHeader).map((name) => [name, ['<masked>']]),
            ),
          }),
    }),
  );
