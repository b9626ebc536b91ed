/** How a flag's text becomes a value. */
export type FlagType = 'string' | 'boolean' | 'int' | 'duration' | 'list' | 'map' | 'boolMap' | 'taints' | 'headers';

/** A flag that sets a field of the configuration file; `note` false: not deprecated. */
export interface ConfigFlag {
  readonly field: string;
  readonly type: FlagType;
  readonly deprecated: boolean;
}

const field = (path: string, type: FlagType): ConfigFlag => ({ field: path, type, deprecated: true });
const kept = (path: string, type: FlagType): ConfigFlag => ({ field: path, type, deprecated: false });

/** Flags whose value belongs to KubeletConfiguration. https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/ */
export const configFlags: Readonly<Record<string, ConfigFlag>> = {
  address: field('address', 'string'),
  'allowed-unsafe-sysctls': field('allowedUnsafeSysctls', 'list'),
  'anonymous-auth': field('authentication.anonymous.enabled', 'boolean'),
  'authentication-token-webhook': field('authentication.webhook.enabled', 'boolean'),
  'authentication-token-webhook-cache-ttl': field('authentication.webhook.cacheTTL', 'duration'),
  'authorization-mode': field('authorization.mode', 'string'),
  'authorization-webhook-cache-authorized-ttl': field('authorization.webhook.cacheAuthorizedTTL', 'duration'),
  'authorization-webhook-cache-unauthorized-ttl': field('authorization.webhook.cacheUnauthorizedTTL', 'duration'),
  'cgroup-driver': field('cgroupDriver', 'string'),
  'cgroup-root': field('cgroupRoot', 'string'),
  'cgroups-per-qos': field('cgroupsPerQOS', 'boolean'),
  'client-ca-file': field('authentication.x509.clientCAFile', 'string'),
  'cluster-dns': field('clusterDNS', 'list'),
  'cluster-domain': field('clusterDomain', 'string'),
  'container-log-max-files': field('containerLogMaxFiles', 'int'),
  'container-log-max-size': field('containerLogMaxSize', 'string'),
  'container-runtime-endpoint': field('containerRuntimeEndpoint', 'string'),
  'contention-profiling': field('enableContentionProfiling', 'boolean'),
  'cpu-cfs-quota': field('cpuCFSQuota', 'boolean'),
  'cpu-cfs-quota-period': field('cpuCFSQuotaPeriod', 'duration'),
  'cpu-manager-policy': field('cpuManagerPolicy', 'string'),
  'cpu-manager-policy-options': field('cpuManagerPolicyOptions', 'map'),
  'cpu-manager-reconcile-period': field('cpuManagerReconcilePeriod', 'duration'),
  'enable-controller-attach-detach': field('enableControllerAttachDetach', 'boolean'),
  'enable-debugging-handlers': field('enableDebuggingHandlers', 'boolean'),
  'enable-server': field('enableServer', 'boolean'),
  'enforce-node-allocatable': field('enforceNodeAllocatable', 'list'),
  'event-burst': field('eventBurst', 'int'),
  'event-qps': field('eventRecordQPS', 'int'),
  'eviction-hard': field('evictionHard', 'map'),
  'eviction-max-pod-grace-period': field('evictionMaxPodGracePeriod', 'int'),
  'eviction-minimum-reclaim': field('evictionMinimumReclaim', 'map'),
  'eviction-pressure-transition-period': field('evictionPressureTransitionPeriod', 'duration'),
  'eviction-soft': field('evictionSoft', 'map'),
  'eviction-soft-grace-period': field('evictionSoftGracePeriod', 'map'),
  'fail-cgroupv1': kept('failCgroupV1', 'boolean'),
  'fail-swap-on': field('failSwapOn', 'boolean'),
  'feature-gates': field('featureGates', 'boolMap'),
  'file-check-frequency': field('fileCheckFrequency', 'duration'),
  'hairpin-mode': field('hairpinMode', 'string'),
  'healthz-bind-address': field('healthzBindAddress', 'string'),
  'healthz-port': field('healthzPort', 'int'),
  'http-check-frequency': field('httpCheckFrequency', 'duration'),
  'image-gc-high-threshold': field('imageGCHighThresholdPercent', 'int'),
  'image-gc-low-threshold': field('imageGCLowThresholdPercent', 'int'),
  'image-service-endpoint': field('imageServiceEndpoint', 'string'),
  'kernel-memcg-notification': field('kernelMemcgNotification', 'boolean'),
  'kube-api-burst': field('kubeAPIBurst', 'int'),
  'kube-api-content-type': field('contentType', 'string'),
  'kube-api-qps': field('kubeAPIQPS', 'int'),
  'kube-reserved': field('kubeReserved', 'map'),
  'kube-reserved-cgroup': field('kubeReservedCgroup', 'string'),
  'kubelet-cgroups': field('kubeletCgroups', 'string'),
  'local-storage-capacity-isolation': field('localStorageCapacityIsolation', 'boolean'),
  'log-flush-frequency': kept('logging.flushFrequency', 'duration'),
  'log-json-info-buffer-size': field('logging.options.json.infoBufferSize', 'string'),
  'log-json-split-stream': field('logging.options.json.splitStream', 'boolean'),
  'log-text-info-buffer-size': field('logging.options.text.infoBufferSize', 'string'),
  'log-text-split-stream': field('logging.options.text.splitStream', 'boolean'),
  'logging-format': field('logging.format', 'string'),
  'make-iptables-util-chains': field('makeIPTablesUtilChains', 'boolean'),
  'manifest-url': field('staticPodURL', 'string'),
  'manifest-url-header': field('staticPodURLHeader', 'headers'),
  'max-open-files': field('maxOpenFiles', 'int'),
  'max-pods': field('maxPods', 'int'),
  'memory-manager-policy': field('memoryManagerPolicy', 'string'),
  'minimum-image-ttl-duration': field('imageMinimumGCAge', 'duration'),
  'node-status-max-images': field('nodeStatusMaxImages', 'int'),
  'node-status-update-frequency': field('nodeStatusUpdateFrequency', 'duration'),
  'oom-score-adj': field('oomScoreAdj', 'int'),
  'pod-cidr': field('podCIDR', 'string'),
  'pod-manifest-path': field('staticPodPath', 'string'),
  'pod-max-pids': field('podPidsLimit', 'int'),
  'pods-per-core': field('podsPerCore', 'int'),
  port: field('port', 'int'),
  'protect-kernel-defaults': field('protectKernelDefaults', 'boolean'),
  'provider-id': kept('providerID', 'string'),
  'qos-reserved': field('qosReserved', 'map'),
  'read-only-port': field('readOnlyPort', 'int'),
  'register-node': field('registerNode', 'boolean'),
  'register-with-taints': field('registerWithTaints', 'taints'),
  'registry-burst': field('registryBurst', 'int'),
  'registry-qps': field('registryPullQPS', 'int'),
  'reserved-cpus': field('reservedSystemCPUs', 'string'),
  'resolv-conf': field('resolvConf', 'string'),
  'rotate-certificates': field('rotateCertificates', 'boolean'),
  'rotate-server-certificates': field('serverTLSBootstrap', 'boolean'),
  runonce: field('runOnce', 'boolean'),
  'runtime-request-timeout': field('runtimeRequestTimeout', 'duration'),
  'serialize-image-pulls': field('serializeImagePulls', 'boolean'),
  'streaming-connection-idle-timeout': field('streamingConnectionIdleTimeout', 'duration'),
  'sync-frequency': field('syncFrequency', 'duration'),
  'system-cgroups': field('systemCgroups', 'string'),
  'system-reserved': field('systemReserved', 'map'),
  'system-reserved-cgroup': field('systemReservedCgroup', 'string'),
  'tls-cert-file': field('tlsCertFile', 'string'),
  'tls-cipher-suites': field('tlsCipherSuites', 'list'),
  'tls-min-version': field('tlsMinVersion', 'string'),
  'tls-private-key-file': field('tlsPrivateKeyFile', 'string'),
  'topology-manager-policy': field('topologyManagerPolicy', 'string'),
  'topology-manager-policy-options': field('topologyManagerPolicyOptions', 'map'),
  'topology-manager-scope': field('topologyManagerScope', 'string'),
  v: kept('logging.verbosity', 'int'),
  vmodule: kept('logging.vmodule', 'list'),
  'volume-plugin-dir': field('volumePluginDir', 'string'),
  'volume-stats-agg-period': field('volumeStatsAggPeriod', 'duration'),
};

/** Flags that exist outside the configuration file. */
export interface KubeletFlags {
  readonly config: string;
  readonly configDir: string;
  readonly kubeconfig: string;
  readonly bootstrapKubeconfig: string;
  readonly certDir: string;
  readonly rootDir: string;
  readonly hostnameOverride: string;
  readonly nodeIp: string;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly cloudProvider: string;
  readonly runtimeCgroups: string;
  readonly seccompDefault: boolean;
  readonly maximumDeadContainersPerContainer: number;
  readonly maximumDeadContainers: number;
  readonly minimumContainerTtlMs: number;
}

export const defaultFlags: KubeletFlags = {
  config: '',
  configDir: '',
  kubeconfig: '',
  bootstrapKubeconfig: '',
  certDir: '/var/lib/kubelet/pki',
  rootDir: '/var/lib/kubelet',
  hostnameOverride: '',
  nodeIp: '',
  nodeLabels: {},
  cloudProvider: '',
  runtimeCgroups: '',
  seccompDefault: false,
  maximumDeadContainersPerContainer: 1,
  maximumDeadContainers: -1,
  minimumContainerTtlMs: 0,
};

export interface OwnFlag {
  readonly key: keyof KubeletFlags;
  readonly type: FlagType;
}

const own = (key: keyof KubeletFlags, type: FlagType = 'string'): OwnFlag => ({ key, type });

export const ownFlags: Readonly<Record<string, OwnFlag>> = {
  config: own('config'),
  'config-dir': own('configDir'),
  kubeconfig: own('kubeconfig'),
  'bootstrap-kubeconfig': own('bootstrapKubeconfig'),
  'cert-dir': own('certDir'),
  'root-dir': own('rootDir'),
  'hostname-override': own('hostnameOverride'),
  'node-ip': own('nodeIp'),
  'node-labels': own('nodeLabels', 'map'),
  'cloud-provider': own('cloudProvider'),
  'runtime-cgroups': own('runtimeCgroups'),
  'seccomp-default': own('seccompDefault', 'boolean'),
  'maximum-dead-containers-per-container': own('maximumDeadContainersPerContainer', 'int'),
  'maximum-dead-containers': own('maximumDeadContainers', 'int'),
  'minimum-container-ttl-duration': own('minimumContainerTtlMs', 'duration'),
};

/** Flags that upstream's kubelet has, and that ask for nothing this one does: accepted with a warning. */
export const ignoredFlags: Readonly<Record<string, FlagType>> = {
  'exit-on-lock-contention': 'boolean',
  'lock-file': 'string',
  'experimental-allocatable-ignore-eviction': 'boolean',
  'experimental-mounter-path': 'string',
  'housekeeping-interval': 'duration',
  'image-credential-provider-bin-dir': 'string',
  'image-credential-provider-config': 'string',
  'reserved-memory': 'string',
};

/**
 * Flags of older kubelets, with what stands in their place. The study notes' command line uses them: each is answered
 * by one warning and does not stop the kubelet.
 */
export const removedFlags: Readonly<Record<string, { readonly type: FlagType; readonly instead: string }>> = {
  alsologtostderr: { type: 'boolean', instead: 'logs always go to standard error; journald keeps them' },
  'cni-bin-dir': {
    type: 'string',
    instead: "set it in containerd's configuration: plugins.'io.containerd.cri.v1.runtime'.cni.bin_dirs",
  },
  'cni-cache-dir': { type: 'string', instead: 'the container runtime has its own' },
  'cni-conf-dir': {
    type: 'string',
    instead: "set it in containerd's configuration: plugins.'io.containerd.cri.v1.runtime'.cni.conf_dir",
  },
  'container-runtime': { type: 'string', instead: 'every runtime is remote now: use --container-runtime-endpoint' },
  containerized: { type: 'boolean', instead: 'it is always so' },
  'docker-endpoint': { type: 'string', instead: 'use --container-runtime-endpoint' },
  'dynamic-config-dir': { type: 'string', instead: 'use --config' },
  'enable-cadvisor-json-endpoints': { type: 'boolean', instead: 'use /stats/summary' },
  'image-pull-progress-deadline': { type: 'duration', instead: 'the container runtime has its own' },
  'keep-terminated-pod-volumes': { type: 'boolean', instead: "a pod's volumes go when it has ended" },
  'log-backtrace-at': { type: 'string', instead: 'raise -v' },
  'log-dir': { type: 'string', instead: 'logs go to standard error; read them with journalctl -u kubelet' },
  'log-file': { type: 'string', instead: 'logs go to standard error; read them with journalctl -u kubelet' },
  'log-file-max-size': { type: 'int', instead: "journald's SystemMaxUse" },
  logtostderr: { type: 'boolean', instead: 'it is always so' },
  'master-service-namespace': { type: 'string', instead: 'it is always default' },
  'network-plugin': { type: 'string', instead: 'the container runtime uses CNI' },
  'network-plugin-mtu': { type: 'int', instead: 'set it in the CNI configuration' },
  'non-masquerade-cidr': { type: 'string', instead: 'the network plugin decides' },
  'one-output': { type: 'boolean', instead: 'logs go to standard error' },
  'pod-infra-container-image': {
    type: 'string',
    instead: "set it in containerd's configuration: plugins.'io.containerd.cri.v1.images'.pinned_images.sandbox",
  },
  'really-crash-for-testing': { type: 'boolean', instead: 'it is gone' },
  'redirect-container-streaming': { type: 'boolean', instead: 'streams always go through the kubelet' },
  'register-schedulable': { type: 'boolean', instead: 'use --register-with-taints' },
  'require-kubeconfig': { type: 'boolean', instead: 'use --kubeconfig' },
  'skip-headers': { type: 'boolean', instead: 'it is gone' },
  'skip-log-headers': { type: 'boolean', instead: 'it is gone' },
  stderrthreshold: { type: 'string', instead: 'logs go to standard error' },
};
