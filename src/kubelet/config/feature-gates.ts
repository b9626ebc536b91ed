import { closestWord } from '../../base/closest-word.ts';

/** Gates of Kubernetes v1.37 that are on unless turned off. */
const onByDefault = `
  CustomCPUCFSQuotaPeriod DRAPrioritizedList WatchList ContextualLogging LoggingBetaOptions
  APIResponseCompression APIServerIdentity AllowParsingUserUIDFromCertAuth AllowServiceExternalIPs
  AllowUnsafeMalformedObjectDeletion AtomicFIFO AuthorizePodWebsocketUpgradeCreatePermission
  CPUManagerPolicyBetaOptions CRDObservedGenerationTracking ClearingNominatedNodeNameAfterBinding
  ClientsAllowCARotation ClientsAllowTLSCacheGC ClusterTrustBundle ClusterTrustBundleProjection ComponentFlagz
  ComponentStatusz ConcurrentWatchObjectDecode ConstrainedImpersonation ContainerCheckpoint ContainerRestartRules
  DRAConsumableCapacity DRADeviceBindingConditions DRAFractionalCapacityRange DRAPartitionableDevices
  DRAResourceClaimGranularStatusAuthorization DRASchedulerFilterTimeout DeclarativeValidationBeta
  DeploymentReplicaSetTerminatingReplicas DetectCacheInconsistency EnvFiles EtcdRangeStream
  ExcludeAdmissionWebhookVirtualResources ExtendWebSocketsToKubelet GracefulNodeShutdown
  GracefulNodeShutdownBasedOnPodPriority HPAGeneration HPAOptimizedSelectorStore HPAScaleToZero
  HugepageAwareEviction InOrderInformersBatchProcess InPlacePodLevelResourcesVerticalScaling
  InformerResourceVersion KubeProxyIPVS KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages
  KubeletInUserNamespace KubeletPodResourcesListUseActivePods KubeletSeparateDiskGC
  KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot ManifestBasedAdmissionControlConfig
  MatchLabelKeysInPodTopologySpread MatchLabelKeysInPodTopologySpreadSelectorMerge MaxUnavailableStatefulSet
  MemoryQoS MutablePodResourcesForSuspendedJobs MutableSchedulingDirectivesForSuspendedJobs
  MutatingAdmissionPolicy NFTablesNetlink NodeControllerLeaseCircuitBreaker NominatedNodeNameForExpectation
  OpenAPIEnums OpportunisticBatching PersistentVolumeClaimUnusedSinceTime PodCertificateRequest PodDeletionCost
  PodLevelResources PodLevelResourcesFixDefaulting PodLevelResourcesFixKubeletQOSClass PodTopologyLabelsAdmission
  PodsAPI PortForwardWebsockets ReloadKubeletClientCAFile ReloadKubeletServerCertificateFile RemoteRequestHeaderUID
  ResourceHealthStatus
  ResourceHealthStatusMessage RestartAllContainersOnContainerExits RotateKubeletServerCertificate SELinuxMount
  SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction
  ServiceCIDRStatusFieldWiping SizeBasedListCostEstimate StaleControllerConsistencyDaemonSet
  StaleControllerConsistencyHPA StaleControllerConsistencyJob StaleControllerConsistencyReplicaSet
  StaleControllerConsistencyStatefulSet StatefulSetSemanticRevisionComparison StorageCapacityScoring
  StorageNamespaceIndex StorageVersionHash
  StorageVersionMigrator StrictIPCIDRValidation StructuredAuthenticationConfigurationEgressSelector
  StructuredAuthenticationConfigurationJWKSMetrics TokenRequestServiceAccountUIDValidation
  TopologyManagerPolicyBetaOptions TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation
  UnknownVersionInteroperabilityProxy UnlockWhileProcessingFIFO VolumeLimitScaling WatchListClient
  WatchListCompression WebhookRoundTripLoadBalancing WindowsGracefulNodeShutdown
`;

/** Gates that are off unless turned on. */
const offByDefault = `
  LoggingAlphaOptions NativeHistograms
  APIServerWebhookAuthenticationToken APIServingWithRoutine AllowDNSOnlyNodeCSR
  AllowInsecureKubeletCertificateSigningRequests AtomicWriteVolumeUserFields CBORServingAndStorage
  CPUManagerPolicyAlphaOptions CRIListStreaming CSIVolumeHealth ChangeContainerStatusOnKubeletRestart
  ClientsAllowCBOR ClientsPreferCBOR CloudControllerManagerWatchBasedRoutesReconciliation
  CloudControllerManagerWebhook CompositePodGroup ConsistentListFromCacheSkipTimeoutFallback ContainerStopSignals
  ControllerManagerReleaseLeaderElectionLockOnExit CoordinatedLeaderElection CrossNamespaceVolumeDataSource
  DRADerivedAttributes DRADeviceCompatibilityGroups DRAListTypeAttributes DRANodeAllocatableResources
  DRAOptionalNodeOperations DRAPartitionableDevicesType DRAResourcePoolStatus DRAWorkloadResourceClaims
  DefaultPodSysctls EmptyDirVolumeMode EventedPLEG EvictionRequestAPI GRPCContainerProbeTLS GenericWorkload
  H2CContainerProbe ImageVolumeWithDigest InPlacePodVerticalScalingExclusiveCPUs
  InPlacePodVerticalScalingExclusiveMemory InPlacePodVerticalScalingMemoryBackedVolumes
  InPlacePodVerticalScalingSchedulerPreemption InterPodAffinityHostnameFastPath KMSv1
  KubeProxyNFTablesLocalhostNodePorts KubeletAllocatedPodsEndpoint KubeletRegistrationGetOnExistsOnly
  LocalStorageCapacityIsolationFSQuotaMonitoring MutablePVNodeAffinity NodeLifecycleConditions
  PodAndContainerStatsFromCRI PodGroupPreemptionPolicy PodLevelResourceManagers PodLogsQuerySplitStreams
  QOSReserved ReduceDefaultCrashLoopBackOffDecay RuntimeClassInImageCriApi SchedulerAsyncAPICalls
  SchedulerPreQueueingHints ShardedListAndWatch StatefulSetRecreateStrategy StorageVersionAPI
  TaintTolerationComparisonOperators TopologyAwareWorkloadScheduling TopologyManagerPolicyAlphaOptions
  UserNamespacesHostNetworkSupport VolumeBindMountOptions WindowsCPUAndMemoryAffinity WindowsHostNetwork
  WorkloadWithJob
`;

/** Gates whose feature is finished: they cannot be turned off. */
const alwaysOn = `
  DynamicResourceAllocation LoggingStableOptions
  AggregatedDiscoveryRemoveBetaType CPUManagerPolicyOptions CRDValidationRatcheting CSIServiceAccountTokenSecrets
  CustomResourceFieldSelectors DRAAdminAccess DRADeviceTaintRules DRADeviceTaints DRAExtendedResource
  DRAResourceClaimDeviceStatus DeclarativeValidation DisableAllocatorDualWrite DisableCPUQuotaWithExclusiveCPUs
  DisableNodeKubeProxyVersion ExecProbeTimeout ExternalServiceAccountTokenSigner HPAConfigurableTolerance
  HostnameOverride ImageMaximumGCAge ImageVolume InOrderInformers InPlacePodVerticalScaling
  InPlacePodVerticalScalingInitContainers JobManagedBy KubeletCgroupDriverFromCRI KubeletFineGrainedAuthz
  KubeletPSI KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletTracing MatchLabelKeysInPodAffinity
  MultiCIDRServiceAllocator MutableCSINodeAllocatableCount NFTablesProxyMode NodeDeclaredFeatures
  NodeInclusionPolicyInPodTopologySpread NodeLogQuery NodeSwap PLEGOnDemandRelist PodObservedGenerationTracking
  PodReadyToStartContainersCondition PodSchedulingReadiness PreferSameTrafficDistribution ProcMountType
  RecoverVolumeExpansionFailure RecursiveReadOnlyMounts RelaxedEnvironmentVariableValidation
  RelaxedServiceNameValidation SELinuxChangePolicy SELinuxMountReadWriteOncePod SeparateTaintEvictionController
  ServiceAccountTokenJTI ServiceAccountTokenNodeBinding ServiceAccountTokenNodeBindingValidation
  ServiceAccountTokenPodNodeInfo SupplementalGroupsPolicy TopologyManagerPolicyOptions UserNamespacesSupport
  SystemdWatchdog VolumeAttributesClass WatchCacheInitializationPostStartHook WinDSR WinOverlay
`;

/** Gates whose feature is gone: they cannot be turned on. */
const alwaysOff = `
  AllowOverwriteTerminationGracePeriodSeconds DeclarativeValidationTakeover GitRepoVolumeDriver
  SeparateCacheWatchRPC
`;

interface Gate {
  readonly enabled: boolean;
  readonly locked: boolean;
}

const entries = (names: string, enabled: boolean, locked: boolean) =>
  names
    .trim()
    .split(/\s+/)
    .map((name): [string, Gate] => [name, { enabled, locked }]);

const gates: ReadonlyMap<string, Gate> = new Map([
  ...entries(onByDefault, true, false),
  ...entries(offByDefault, false, false),
  ...entries(alwaysOn, true, true),
  ...entries(alwaysOff, false, true),
]);

/** Settings for whole groups of gates rather than one. */
const groups = ['AllAlpha', 'AllBeta'];

/** Sentences about what is wrong with these settings; none when they can be used. */
export function validateFeatureGates(settings: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (groups.includes(name)) return [];
    const gate = gates.get(name);
    if (gate === undefined) {
      const near = closestWord(name, [...gates.keys()]);
      return [`unrecognized feature gate: ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`];
    }
    if (gate.locked && gate.enabled !== value) {
      return [`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.enabled}`];
    }
    return [];
  });
}

/** Whether a feature is on under these settings. Throws for a name that no version knows: a mistake in the caller. */
export function featureEnabled(settings: Readonly<Record<string, boolean>>, name: string): boolean {
  const gate = gates.get(name);
  if (gate === undefined) throw new RangeError(`there is no feature gate ${name}`);
  return settings[name] ?? gate.enabled;
}

/** Every gate with its value in force, for the metric kubernetes_feature_enabled. */
export const allFeatures = (settings: Readonly<Record<string, boolean>>): readonly (readonly [string, boolean])[] =>
  [...gates].map(([name, gate]) => [name, settings[name] ?? gate.enabled]);
