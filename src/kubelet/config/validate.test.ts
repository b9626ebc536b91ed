import { describe, expect, test } from 'vitest';
import { computeConfiguration } from './load.ts';
import { validateKubeletConfiguration } from './validate.ts';

const problemsOf = (file: object) => validateKubeletConfiguration(computeConfiguration({ ...file }, new Map()));

test('the defaults are valid', () => {
  expect(problemsOf({})).toEqual([]);
  expect(validateKubeletConfiguration(computeConfiguration(undefined, new Map()))).toEqual([]);
});

describe('what is refused, with the field and the flag', () => {
  test.each<[string, object, string]>([
    ['nodeLeaseDurationSeconds', { nodeLeaseDurationSeconds: -1 }, 'must be greater than 0'],
    ['port (--port)', { port: 70_000 }, 'must be between 1 and 65535, inclusive'],
    ['healthzPort (--healthz-port)', { healthzPort: -1 }, 'must be between 0 and 65535, inclusive'],
    ['readOnlyPort (--read-only-port)', { readOnlyPort: 65_536 }, 'must be between 0 and 65535'],
    ['imageGCHighThresholdPercent', { imageGCHighThresholdPercent: 101 }, 'must be between 0 and 100'],
    ['imageGCLowThresholdPercent', { imageGCLowThresholdPercent: 85 }, 'must be less than imageGCHighThresholdPercent'],
    ['oomScoreAdj (--oom-score-adj)', { oomScoreAdj: -1001 }, 'must be between -1000 and 1000'],
    ['nodeStatusMaxImages', { nodeStatusMaxImages: -2 }, 'must be -1 or greater'],
    ['maxPods (--max-pods)', { maxPods: -1 }, 'must not be a negative number'],
    ['registryPullQPS', { registryPullQPS: -1 }, 'must not be a negative number'],
    ['podsPerCore', { podsPerCore: -1 }, 'must not be a negative number'],
    ['cpuCFSQuotaPeriod', { cpuCFSQuotaPeriod: '2s' }, 'must be between 1ms and 1sec'],
    ['containerLogMaxFiles', { containerLogMaxFiles: 1 }, 'must be greater than 1'],
    ['containerLogMaxWorkers', { containerLogMaxWorkers: 0 }, 'must be greater than or equal to 1'],
    ['containerLogMonitorInterval', { containerLogMonitorInterval: '1s' }, 'must be greater than or equal to 3s'],
    [
      'crashLoopBackOff.maxContainerRestartPeriod',
      { crashLoopBackOff: { maxContainerRestartPeriod: '10m' } },
      'must be between 1s and 300s',
    ],
    ['userNamespaces.idsPerPod', { userNamespaces: { idsPerPod: 1000 } }, 'must not be less than 65536'],
    ['userNamespaces.idsPerPod', { userNamespaces: { idsPerPod: 65_537 } }, 'must be a multiple of 65536'],
    ['userNamespaces.idsPerPod', { userNamespaces: { idsPerPod: 2 ** 32 } }, 'must not be more than 4294967295'],
    ['memoryThrottlingFactor', { memoryThrottlingFactor: 0 }, 'must be greater than 0'],
    ['imageMaximumGCAge', { imageMaximumGCAge: '1m' }, 'must be greater than imageMinimumGCAge'],
    ['maxParallelImagePulls', { maxParallelImagePulls: 0 }, 'must be a positive number'],
    [
      'maxParallelImagePulls',
      { maxParallelImagePulls: 2, serializeImagePulls: true },
      'cannot be larger than 1 unless serializeImagePulls',
    ],
    ['enforceNodeAllocatable', { enforceNodeAllocatable: ['none', 'pods'] }, 'may not contain additional enforcements'],
    ['enforceNodeAllocatable', { enforceNodeAllocatable: ['pods', 'pods'] }, 'has duplicate'],
    ['enforceNodeAllocatable', { enforceNodeAllocatable: ['all'] }, '"all" must be one of'],
    [
      'enforceNodeAllocatable',
      {
        enforceNodeAllocatable: ['kube-reserved', 'kube-reserved-compressible'],
        kubeReservedCgroup: '/kube.slice',
      },
      'may not contain both',
    ],
    ['systemReservedCgroup', { enforceNodeAllocatable: ['system-reserved'] }, 'must be specified when'],
    ['enforceNodeAllocatable', { cgroupsPerQOS: false }, 'is not supported unless cgroupsPerQOS'],
    ['shutdownGracePeriod', { shutdownGracePeriodCriticalPods: '10s' }, 'must be >= shutdownGracePeriodCriticalPods'],
    ['shutdownGracePeriod', { shutdownGracePeriod: '500ms' }, 'must be either zero or otherwise >= 1 sec'],
    [
      'shutdownGracePeriodByPodPriority',
      {
        shutdownGracePeriod: '10s',
        shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 1 }],
      },
      'cannot be specified at the same time',
    ],
    ['systemCgroups (--system-cgroups)', { systemCgroups: '/system' }, 'cgroupRoot (--cgroup-root) was not specified'],
    ['podLogsDir', { podLogsDir: 'logs' }, 'must be an absolute'],
    ['podLogsDir', { podLogsDir: '/var//log' }, 'normalized path'],
    ['podLogsDir', { podLogsDir: '/var/log/' }, 'normalized path'],
    ['kubeAPIQPS (--kube-api-qps)', { kubeAPIQPS: -1 }, 'must not be a negative number'],
    ['iptablesDropBit (--iptables-drop-bit)', { iptablesDropBit: 32 }, 'must be between 0 and 31, inclusive'],
    [
      'shutdownGracePeriodCriticalPods',
      { shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '500ms' },
      'must be either zero or otherwise >= 1 sec',
    ],
    ['hairpinMode (--hairpin-mode)', { hairpinMode: 'bogus' }, '"bogus" must be one of "none"'],
    ['imagePullCredentialsVerificationPolicy', { imagePullCredentialsVerificationPolicy: 'Maybe' }, 'must be one of'],
    ['preloadedImagesVerificationAllowlist', { preloadedImagesVerificationAllowlist: ['a'] }, 'cannot be set unless'],
    ['memoryReservationPolicy', { memoryReservationPolicy: 'All' }, 'must be one of "None", "TieredReservation"'],
    ['tlsMinVersion (--tls-min-version)', { tlsMinVersion: '1.3' }, 'must be one of'],
    ['tlsCipherSuites (--tls-cipher-suites)', { tlsCipherSuites: ['AES'] }, 'has "AES"'],
    [
      'serverTLSBootstrap',
      { serverTLSBootstrap: true, featureGates: { RotateKubeletServerCertificate: false } },
      'requires feature gate RotateKubeletServerCertificate',
    ],
    ['registerWithTaints', { registerWithTaints: [{ key: 'a b', effect: 'NoSchedule' }] }, 'invalid taint'],
    ['registerWithTaints', { registerWithTaints: [{ key: 'a', value: 'x y', effect: 'NoSchedule' }] }, 'invalid taint'],
    ['the limit type "cpu"', { reservedMemory: [{ numaNode: 0, limits: { cpu: '1' } }] }, 'is not supported'],
    ['tracing.samplingRatePerMillion', { tracing: { samplingRatePerMillion: -1 } }, 'must be positive'],
    [
      'tracing.samplingRatePerMillion',
      { tracing: { samplingRatePerMillion: 2e6 } },
      'less than or equal to one million',
    ],
    [
      'GracefulNodeShutdownBasedOnPodPriority',
      { featureGates: { GracefulNodeShutdown: false, WindowsGracefulNodeShutdown: false } },
      'is enabled, but depends on features that are disabled: [GracefulNodeShutdown]',
    ],
    ['podLogsDir', { podLogsDir: '/var/lög' }, 'ASCII'],
    ['runOnce (--runonce)', { runOnce: true }, 'is no longer supported'],
    [
      'enableSystemLogHandler',
      { enableSystemLogHandler: false, enableSystemLogQuery: true },
      'is required for enableSystemLogQuery',
    ],
    ['memorySwap.swapBehavior', { memorySwap: { swapBehavior: 'Always' } }, 'must be one of'],
    [
      'reservedSystemCPUs (--reserved-cpus)',
      { reservedSystemCPUs: '0', kubeReservedCgroup: '/k' },
      'cannot be used together',
    ],
    ['registerWithTaints', { registerWithTaints: [{ key: 'a', effect: 'Never' }] }, 'invalid taint'],
    [
      'registerWithTaints',
      { registerWithTaints: [{ key: 'a', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }] },
      'timeAdded',
    ],
  ])('%s: %j', (field, file, problem) => {
    const problems = problemsOf(file);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^invalid configuration: /);
    expect(problems[0]).toContain(field);
    expect(problems[0]).toContain(problem);
  });
});

test('all problems come at once', () => {
  expect(problemsOf({ port: -1, maxPods: -1, featureGates: { Nope: true } })).toHaveLength(3);
});
