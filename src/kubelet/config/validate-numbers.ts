import { parseGoDuration } from './duration.ts';
import type { KubeletConfiguration } from './model.ts';
import { invalid } from './problem.ts';

const seconds = (duration: string | undefined): number =>
  duration === undefined ? 0 : parseGoDuration(duration) / 1000;

/** Amounts that lie outside their ranges. */
export const validateNumbers = (c: KubeletConfiguration): readonly string[] => {
  const notNegative = (
    [
      ['eventBurst', 'event-burst'],
      ['eventRecordQPS', 'event-qps'],
      ['kubeAPIBurst', 'kube-api-burst'],
      ['kubeAPIQPS', 'kube-api-qps'],
      ['maxOpenFiles', 'max-open-files'],
      ['maxPods', 'max-pods'],
      ['podsPerCore', 'pods-per-core'],
      ['registryBurst', 'registry-burst'],
      ['registryPullQPS', 'registry-qps'],
    ] as const
  ).flatMap(([field, flag]) =>
    (c[field] ?? 0) < 0 ? [invalid(field, flag, `${c[field]} must not be a negative number`)] : [],
  );
  const bits = (
    [
      ['iptablesMasqueradeBit', 'iptables-masquerade-bit'],
      ['iptablesDropBit', 'iptables-drop-bit'],
    ] as const
  ).flatMap(([field, flag]) =>
    c[field] < 0 || c[field] > 31 ? [invalid(field, flag, `${c[field]} must be between 0 and 31, inclusive`)] : [],
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
  return [...notNegative, ...bits, ...rules.filter(([wrong]) => wrong).map(([, problem]) => problem)];
};

const idBlock = 65_536;

/** What is wrong with the number of IDs that each pod with users of its own is given. */
export function validateUserNamespaces({ userNamespaces }: KubeletConfiguration): readonly string[] {
  const ids = userNamespaces?.idsPerPod ?? idBlock;
  const rules: readonly (readonly [boolean, string])[] = [
    [ids < idBlock, `must not be less than ${idBlock}`],
    [ids % idBlock !== 0, `must be a multiple of ${idBlock}`],
    [ids >= 2 ** 32, `must not be more than ${2 ** 32 - 1}`],
  ];
  const broken = rules.find(([wrong]) => wrong);
  return broken === undefined ? [] : [invalid('userNamespaces.idsPerPod', undefined, broken[1])];
}

const percent = (value: number): boolean => value >= 0 && value <= 100;

/** Durations that lie outside their ranges; all of them can be read. */
export const validateTimes = (c: KubeletConfiguration): readonly string[] => {
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
      critical > 0 && critical < 1,
      invalid(
        'shutdownGracePeriodCriticalPods',
        undefined,
        `${c.shutdownGracePeriodCriticalPods} must be either zero or otherwise >= 1 sec`,
      ),
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
