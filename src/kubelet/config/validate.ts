import { isAbsolute, normalize } from 'node:path';
import { parseGoDuration } from './duration.ts';
import { validateFeatureGates } from './feature-gates.ts';
import type { KubeletConfiguration } from './model.ts';

const invalid = (field: string, flag: string | undefined, problem: string): string =>
  `invalid configuration: ${field}${flag === undefined ? '' : ` (--${flag})`} ${problem}`;

const seconds = (duration: string | undefined): number =>
  duration === undefined ? 0 : parseGoDuration(duration) / 1000;

const unreadableDurations = (c: KubeletConfiguration): readonly string[] =>
  (
    [
      'syncFrequency',
      'fileCheckFrequency',
      'httpCheckFrequency',
      'nodeStatusUpdateFrequency',
      'nodeStatusReportFrequency',
      'runtimeRequestTimeout',
      'imageMinimumGCAge',
      'imageMaximumGCAge',
      'containerLogMonitorInterval',
      'cpuCFSQuotaPeriod',
      'shutdownGracePeriod',
      'shutdownGracePeriodCriticalPods',
      'evictionPressureTransitionPeriod',
    ] as const
  ).flatMap((field) => {
    try {
      parseGoDuration(c[field]);
      return [];
    } catch {
      return [invalid(field, undefined, `"${c[field]}" is not a duration: write it like 20s or 1m30s`)];
    }
  });

const validatePorts = (c: KubeletConfiguration): readonly string[] => {
  const port = (value: number | undefined, field: string, flag: string, least: number) =>
    value !== undefined && (!Number.isInteger(value) || value < least || value > 65_535)
      ? [invalid(field, flag, `${value} must be between ${least} and 65535, inclusive`)]
      : [];
  return [
    ...port(c.port, 'port', 'port', 1),
    ...port(c.healthzPort, 'healthzPort', 'healthz-port', 0),
    ...port(c.readOnlyPort, 'readOnlyPort', 'read-only-port', 0),
  ];
};

const validateNumbers = (c: KubeletConfiguration): readonly string[] => {
  const notNegative = (
    [
      ['eventBurst', 'event-burst'],
      ['eventRecordQPS', 'event-qps'],
      ['kubeAPIBurst', 'kube-api-burst'],
      ['maxOpenFiles', 'max-open-files'],
      ['maxPods', 'max-pods'],
      ['podsPerCore', 'pods-per-core'],
      ['registryBurst', 'registry-burst'],
      ['registryPullQPS', 'registry-qps'],
    ] as const
  ).flatMap(([field, flag]) =>
    (c[field] ?? 0) < 0 ? [invalid(field, flag, `${c[field]} must not be a negative number`)] : [],
  );
  const rules: readonly (readonly [boolean, string])[] = [
    [c.nodeLeaseDurationSeconds <= 0, invalid('nodeLeaseDurationSeconds', undefined, 'must be greater than 0')],
    [
      c.oomScoreAdj < -1000 || c.oomScoreAdj > 1000,
      invalid('oomScoreAdj', 'oom-score-adj', `${c.oomScoreAdj} must be between -1000 and 1000, inclusive`),
    ],
    [
      c.nodeStatusMaxImages < -1,
      invalid('nodeStatusMaxImages', 'node-status-max-images', `${c.nodeStatusMaxImages} must be -1 or greater`),
    ],
    [
      !percent(c.imageGCHighThresholdPercent),
      invalid(
        'imageGCHighThresholdPercent',
        'image-gc-high-threshold',
        `${c.imageGCHighThresholdPercent} must be between 0 and 100, inclusive`,
      ),
    ],
    [
      !percent(c.imageGCLowThresholdPercent),
      invalid(
        'imageGCLowThresholdPercent',
        'image-gc-low-threshold',
        `${c.imageGCLowThresholdPercent} must be between 0 and 100, inclusive`,
      ),
    ],
    [
      c.imageGCLowThresholdPercent >= c.imageGCHighThresholdPercent,
      invalid(
        'imageGCLowThresholdPercent',
        'image-gc-low-threshold',
        `${c.imageGCLowThresholdPercent} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${c.imageGCHighThresholdPercent}`,
      ),
    ],
    [
      c.containerLogMaxFiles <= 1,
      invalid('containerLogMaxFiles', 'container-log-max-files', `${c.containerLogMaxFiles} must be greater than 1`),
    ],
    [
      c.containerLogMaxWorkers < 1,
      invalid('containerLogMaxWorkers', undefined, `${c.containerLogMaxWorkers} must be greater than or equal to 1`),
    ],
    [
      (c.memoryThrottlingFactor ?? 1) <= 0 || (c.memoryThrottlingFactor ?? 1) > 1,
      invalid(
        'memoryThrottlingFactor',
        undefined,
        `${c.memoryThrottlingFactor} must be greater than 0 and less than or equal to 1.0`,
      ),
    ],
    [
      (c.maxParallelImagePulls ?? 1) < 1,
      invalid('maxParallelImagePulls', undefined, `${c.maxParallelImagePulls} must be a positive number`),
    ],
    [
      c.serializeImagePulls && (c.maxParallelImagePulls ?? 1) > 1,
      invalid(
        'maxParallelImagePulls',
        undefined,
        'cannot be larger than 1 unless serializeImagePulls (--serialize-image-pulls) is false',
      ),
    ],
  ];
  return [...notNegative, ...rules.filter(([wrong]) => wrong).map(([, problem]) => problem)];
};

const percent = (value: number): boolean => value >= 0 && value <= 100;

const validateTimes = (c: KubeletConfiguration): readonly string[] => {
  const period = seconds(c.cpuCFSQuotaPeriod) * 1000;
  const restart = c.crashLoopBackOff.maxContainerRestartPeriod;
  const total = seconds(c.shutdownGracePeriod);
  const critical = seconds(c.shutdownGracePeriodCriticalPods);
  const rules: readonly (readonly [boolean, string])[] = [
    [
      period < 1 || period > 1000,
      invalid(
        'cpuCFSQuotaPeriod',
        'cpu-cfs-quota-period',
        `${c.cpuCFSQuotaPeriod} must be between 1ms and 1sec, inclusive`,
      ),
    ],
    [
      seconds(c.containerLogMonitorInterval) < 3,
      invalid(
        'containerLogMonitorInterval',
        undefined,
        `${c.containerLogMonitorInterval} must be greater than or equal to 3s`,
      ),
    ],
    [
      seconds(restart) < 1 || seconds(restart) > 300,
      invalid('crashLoopBackOff.maxContainerRestartPeriod', undefined, `${restart} must be between 1s and 300s`),
    ],
    [
      seconds(c.imageMaximumGCAge) !== 0 && seconds(c.imageMaximumGCAge) <= seconds(c.imageMinimumGCAge),
      invalid(
        'imageMaximumGCAge',
        undefined,
        `${c.imageMaximumGCAge} must be greater than imageMinimumGCAge (--minimum-image-ttl-duration) ${c.imageMinimumGCAge}`,
      ),
    ],
    [
      total < 0 || critical < 0 || critical > total,
      invalid(
        'shutdownGracePeriod',
        undefined,
        `${c.shutdownGracePeriod} must be >= shutdownGracePeriodCriticalPods ${c.shutdownGracePeriodCriticalPods}`,
      ),
    ],
    [
      total > 0 && total < 1,
      invalid('shutdownGracePeriod', undefined, `${c.shutdownGracePeriod} must be either zero or otherwise >= 1 sec`),
    ],
    [
      (c.shutdownGracePeriodByPodPriority ?? []).length > 0 && (total > 0 || critical > 0),
      invalid(
        'shutdownGracePeriodByPodPriority',
        undefined,
        'cannot be specified at the same time as shutdownGracePeriod or shutdownGracePeriodCriticalPods',
      ),
    ],
  ];
  return rules.filter(([wrong]) => wrong).map(([, problem]) => problem);
};

const enforceable = [
  'none',
  'pods',
  'system-reserved',
  'system-reserved-compressible',
  'kube-reserved',
  'kube-reserved-compressible',
];

const validateAllocatable = (c: KubeletConfiguration): readonly string[] => {
  const wanted = c.enforceNodeAllocatable;
  const field = 'enforceNodeAllocatable';
  const flag = 'enforce-node-allocatable';
  const cgroup = { 'system-reserved': c.systemReservedCgroup, 'kube-reserved': c.kubeReservedCgroup };
  return [
    ...wanted
      .filter((value) => !enforceable.includes(value))
      .map((value) => invalid(field, flag, `option "${value}" must be one of ${enforceable.join(', ')}`)),
    ...(wanted.includes('none') && wanted.length > 1
      ? [invalid(field, flag, 'may not contain additional enforcements when "none" is specified')]
      : []),
    ...['system-reserved', 'kube-reserved'].flatMap((kind) =>
      wanted.includes(kind) && wanted.includes(`${kind}-compressible`)
        ? [invalid(field, flag, `may not contain both "${kind}" and "${kind}-compressible"`)]
        : [],
    ),
    ...(new Set(wanted).size < wanted.length ? [invalid(field, flag, 'has duplicate enforcements')] : []),
    ...Object.entries(cgroup).flatMap(([kind, name]) =>
      wanted.some((value) => value.startsWith(kind)) && !name
        ? [
            invalid(
              `${kind.split('-')[0]}ReservedCgroup`,
              `${kind}-cgroup`,
              `must be specified when "${kind}" is included in enforceNodeAllocatable (--${flag})`,
            ),
          ]
        : [],
    ),
    ...(!c.cgroupsPerQOS && wanted.some((value) => value !== 'none')
      ? [invalid(field, flag, `is not supported unless cgroupsPerQOS (--cgroups-per-qos) is set to true`)]
      : []),
  ];
};

const validateRest = (c: KubeletConfiguration): readonly string[] => {
  const swap = c.memorySwap.swapBehavior ?? '';
  const logs = c.podLogsDir;
  const rules: readonly (readonly [boolean, string])[] = [
    [
      Boolean(c.systemCgroups) && !c.cgroupRoot,
      invalid('systemCgroups', 'system-cgroups', 'was specified and cgroupRoot (--cgroup-root) was not specified'),
    ],
    [
      !isAbsolute(logs) || normalize(logs) !== logs,
      invalid('podLogsDir', undefined, `"${logs}" must be an absolute and normalized path`),
    ],
    [
      [...logs].some((letter) => letter > '\u007f'),
      invalid('podLogsDir', undefined, `"${logs}" must hold ASCII characters only`),
    ],
    [
      c.containerRuntimeEndpoint === '',
      invalid('containerRuntimeEndpoint', 'container-runtime-endpoint', 'must be set'),
    ],
    [c.runOnce === true, invalid('runOnce', 'runonce', 'is no longer supported')],
    [
      c.enableSystemLogQuery && !c.enableSystemLogHandler,
      invalid('enableSystemLogHandler', undefined, 'is required for enableSystemLogQuery'),
    ],
    [
      !['', 'NoSwap', 'LimitedSwap'].includes(swap),
      invalid('memorySwap.swapBehavior', undefined, `"${swap}" must be one of: "", "LimitedSwap" or "NoSwap"`),
    ],
    [
      Boolean(c.reservedSystemCPUs) && Boolean(c.systemReservedCgroup || c.kubeReservedCgroup),
      invalid(
        'reservedSystemCPUs',
        'reserved-cpus',
        'cannot be used together with systemReservedCgroup or kubeReservedCgroup',
      ),
    ],
    [
      !['Webhook', 'AlwaysAllow'].includes(c.authorization.mode),
      invalid('authorization.mode', 'authorization-mode', `"${c.authorization.mode}" must be Webhook or AlwaysAllow`),
    ],
    [
      !['cgroupfs', 'systemd'].includes(c.cgroupDriver),
      invalid('cgroupDriver', 'cgroup-driver', `"${c.cgroupDriver}" must be cgroupfs or systemd`),
    ],
    [
      !['text', 'json'].includes(c.logging.format),
      invalid('logging.format', 'logging-format', `"${c.logging.format}" must be text or json`),
    ],
  ];
  const taints = (c.registerWithTaints ?? []).filter(
    (taint) => !taint.key || !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(taint.effect),
  );
  return [
    ...rules.filter(([wrong]) => wrong).map(([, problem]) => problem),
    ...taints.map((taint) =>
      invalid('registerWithTaints', 'register-with-taints', `invalid taint: ${JSON.stringify(taint)}`),
    ),
    ...(c.registerWithTaints ?? [])
      .filter((taint) => 'timeAdded' in taint)
      .map(({ key }) =>
        invalid('registerWithTaints', 'register-with-taints', `timeAdded of taint "${key}" may not be set`),
      ),
  ];
};

/** Every problem of a configuration, each with its field and flag; none when the kubelet can run with it. */
export function validateKubeletConfiguration(c: KubeletConfiguration): readonly string[] {
  const durations = unreadableDurations(c);
  if (durations.length > 0) return durations;
  return [
    ...validateFeatureGates(c.featureGates ?? {}).map((problem) => `invalid configuration: ${problem}`),
    ...validatePorts(c),
    ...validateNumbers(c),
    ...validateTimes(c),
    ...validateAllocatable(c),
    ...validateRest(c),
  ];
}
