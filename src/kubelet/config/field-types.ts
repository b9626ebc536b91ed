/** What a field of KubeletConfiguration holds: a value, a list or map of something, or fields of its own. */
export type FieldType =
  | 'string'
  | 'bool'
  | 'int'
  | 'uint'
  | 'float'
  | 'duration'
  /** A Go duration or a number of nanoseconds. */
  | 'time'
  | 'any'
  | { readonly list: FieldType }
  | { readonly map: FieldType }
  | { readonly fields: FieldTypes };

export type FieldTypes = Readonly<Record<string, FieldType>>;

const named = (type: FieldType, names: string): FieldTypes =>
  Object.fromEntries(
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, type]),
  );

const strings = { list: 'string' } as const;
const texts = { map: 'string' } as const;

/** Every field that KubeletConfiguration has, with its type. */
export const configurationFields: FieldTypes = {
  ...named(
    'string',
    `apiVersion kind staticPodPath podLogsDir staticPodURL address tlsCertFile tlsPrivateKeyFile tlsMinVersion
    imagePullCredentialsVerificationPolicy healthzBindAddress clusterDomain kubeletCgroups systemCgroups cgroupRoot
    cgroupDriver cpuManagerPolicy memoryManagerPolicy topologyManagerPolicy topologyManagerScope hairpinMode podCIDR
    resolvConf contentType containerLogMaxSize configMapAndSecretChangeDetectionStrategy reservedSystemCPUs
    showHiddenMetricsForVersion systemReservedCgroup kubeReservedCgroup volumePluginDir providerID
    memoryReservationPolicy containerRuntimeEndpoint imageServiceEndpoint`,
  ),
  ...named(
    'bool',
    `enableServer rotateCertificates serverTLSBootstrap enableDebuggingHandlers enableContentionProfiling cgroupsPerQOS
    singleProcessOOMKill runOnce cpuCFSQuota serializeImagePulls mergeDefaultEvictionSettings
    enableControllerAttachDetach protectKernelDefaults makeIPTablesUtilChains failSwapOn kernelMemcgNotification
    enableSystemLogHandler enableSystemLogQuery enableProfilingHandler enableDebugFlagsHandler seccompDefault
    registerNode localStorageCapacityIsolation failCgroupV1`,
  ),
  ...named(
    'int',
    `port readOnlyPort registryPullQPS registryBurst eventRecordQPS eventBurst healthzPort oomScoreAdj
    nodeLeaseDurationSeconds imageGCHighThresholdPercent imageGCLowThresholdPercent maxPods podPidsLimit
    nodeStatusMaxImages maxOpenFiles kubeAPIQPS kubeAPIBurst maxParallelImagePulls evictionMaxPodGracePeriod podsPerCore
    iptablesMasqueradeBit iptablesDropBit containerLogMaxFiles containerLogMaxWorkers`,
  ),
  memoryThrottlingFactor: 'float',
  ...named(
    'duration',
    `syncFrequency fileCheckFrequency httpCheckFrequency streamingConnectionIdleTimeout nodeStatusUpdateFrequency
    nodeStatusReportFrequency imageMinimumGCAge imageMaximumGCAge volumeStatsAggPeriod cpuManagerReconcilePeriod
    runtimeRequestTimeout cpuCFSQuotaPeriod evictionPressureTransitionPeriod containerLogMonitorInterval
    shutdownGracePeriod shutdownGracePeriodCriticalPods`,
  ),
  ...named(
    strings,
    `tlsCipherSuites preloadedImagesVerificationAllowlist clusterDNS enforceNodeAllocatable allowedUnsafeSysctls`,
  ),
  ...named(
    texts,
    `cpuManagerPolicyOptions topologyManagerPolicyOptions qosReserved evictionHard evictionSoft evictionSoftGracePeriod
    evictionMinimumReclaim systemReserved kubeReserved defaultPodSysctls`,
  ),
  tlsCurvePreferences: { list: 'int' },
  staticPodURLHeader: { map: strings },
  featureGates: { map: 'bool' },
  authentication: {
    fields: {
      x509: { fields: { clientCAFile: 'string' } },
      webhook: { fields: { enabled: 'bool', cacheTTL: 'duration' } },
      anonymous: { fields: { enabled: 'bool' } },
    },
  },
  authorization: {
    fields: {
      mode: 'string',
      webhook: { fields: { cacheAuthorizedTTL: 'duration', cacheUnauthorizedTTL: 'duration' } },
    },
  },
  memorySwap: { fields: { swapBehavior: 'string' } },
  logging: {
    fields: {
      format: 'string',
      flushFrequency: 'time',
      verbosity: 'uint',
      vmodule: { list: { fields: { filePattern: 'string', verbosity: 'uint' } } },
      options: {
        fields: {
          text: { fields: { splitStream: 'bool', infoBufferSize: 'any' } },
          json: { fields: { splitStream: 'bool', infoBufferSize: 'any' } },
        },
      },
    },
  },
  shutdownGracePeriodByPodPriority: { list: { fields: { priority: 'int', shutdownGracePeriodSeconds: 'int' } } },
  crashLoopBackOff: { fields: { maxContainerRestartPeriod: 'duration' } },
  reservedMemory: { list: { fields: { numaNode: 'int', limits: { map: 'any' } } } },
  registerWithTaints: { list: { fields: { key: 'string', value: 'string', effect: 'string', timeAdded: 'string' } } },
  tracing: { fields: { endpoint: 'string', samplingRatePerMillion: 'int' } },
  userNamespaces: { fields: { idsPerPod: 'int' } },
};
