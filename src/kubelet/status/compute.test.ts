import { expect, test } from 'vitest';
import type { ContainerStatus, Pod, PodStatus } from '../../api/types.ts';
import type { ObservedPod } from '../observed.ts';
import {
  aContainer,
  aPod,
  aSandbox,
  aSeen,
  aSeenPod,
  aSidecar,
  created,
  deleted,
  exited,
  noon,
  running,
  unknown,
} from '../test-builders.ts';
import { toApiTime } from '../times.ts';
import { computePodStatus, type PodStatusInputs } from './compute.ts';

const compute = (pod: Pod, seen: ObservedPod, more: Partial<PodStatusInputs> = {}): PodStatus =>
  computePodStatus({
    pod,
    seen,
    old: {},
    waitingReason: () => undefined,
    readiness: () => 'success',
    startup: () => 'success',
    stopped: false,
    now: noon,
    kubeletStartedAt: noon - 60_000,
    hostIps: ['172.18.0.3'],
    resizing: [],
    inForce: undefined,
    cgroup: undefined,
    recursiveReadOnly: true,
    healthOf: () => [],
    ...more,
  });

const nothing = aSeenPod([], { sandboxes: [], ips: [] });
const two = { containers: [aContainer('a'), aContainer('b')] };
const withInit = { initContainers: [aContainer('init')], containers: [aContainer('main')] };
const withSidecar = { initContainers: [aSidecar('side')], containers: [aContainer('main')] };

test.each<[string, Pod, ObservedPod, Partial<PodStatusInputs>, string]>([
  ['nothing runs yet', aPod(), nothing, {}, 'Pending'],
  ['an init container runs', aPod(withInit), aSeenPod([aSeen('init', running)]), {}, 'Pending'],
  ['one of two runs, the other was never there', aPod(two), aSeenPod([aSeen('a', running)]), {}, 'Pending'],
  ['all run', aPod(two), aSeenPod([aSeen('a', running), aSeen('b', running)]), {}, 'Running'],
  ['one runs, one has ended', aPod(two), aSeenPod([aSeen('a', running), aSeen('b', exited(1))]), {}, 'Running'],
  ['all ended, and come back', aPod(), aSeenPod([aSeen('main', exited(1))]), {}, 'Running'],
  ['all succeeded', aPod({ restartPolicy: 'Never' }), aSeenPod([aSeen('main', exited(0))]), {}, 'Succeeded'],
  ['one failed for good', aPod({ restartPolicy: 'Never' }), aSeenPod([aSeen('main', exited(1))]), {}, 'Failed'],
  ['stopped for good, exit 0', aPod(), aSeenPod([aSeen('main', exited(0))]), { stopped: true }, 'Succeeded'],
  ['stopped for good, exit 137', aPod(), aSeenPod([aSeen('main', exited(137))]), { stopped: true }, 'Failed'],
  [
    'an init container failed for good',
    aPod({ ...withInit, restartPolicy: 'Never' }),
    aSeenPod([aSeen('init', exited(1))]),
    {},
    'Failed',
  ],
  ['an init container failed and comes back', aPod(withInit), aSeenPod([aSeen('init', exited(1))]), {}, 'Pending'],
  ['only the sidecar is up', aPod(withSidecar), aSeenPod([aSeen('side', running)]), {}, 'Pending'],
  [
    'regular containers are done, the sidecar not yet',
    aPod({ ...withSidecar, restartPolicy: 'Never' }),
    aSeenPod([aSeen('side', running), aSeen('main', exited(0))]),
    {},
    'Running',
  ],
  [
    'the sidecar’s end does not count',
    aPod({ ...withSidecar, restartPolicy: 'Never' }),
    aSeenPod([aSeen('side', exited(137)), aSeen('main', exited(0))]),
    {},
    'Succeeded',
  ],
  ['a terminal phase stays', aPod(), aSeenPod([aSeen('main', running)]), { old: { phase: 'Failed' } }, 'Failed'],
])('phase when %s', (_name, pod, seen, more, phase) => {
  expect(compute(pod, seen, more).phase).toBe(phase);
});

test('a static pod that is stopped is not said to have ended', () => {
  const pod = aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } });
  expect(compute(pod, aSeenPod([aSeen('main', exited(0))]), { stopped: true }).phase).toBe('Running');
});

test('past its deadline the pod has failed, and says why', () => {
  const old = { phase: 'Running', startTime: toApiTime(noon - 31_000) };
  const status = compute(aPod({ activeDeadlineSeconds: 30 }), aSeenPod([aSeen('main', running)]), { old });
  expect(status).toMatchObject({
    phase: 'Failed',
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  });
});

test('reason and message go with the phase they were written for', () => {
  const old = { phase: 'Failed', reason: 'Evicted', message: 'low on memory' };
  expect(compute(aPod(), aSeenPod([aSeen('main', exited(0))]), { old })).toMatchObject(old);
  const pending = { phase: 'Pending', reason: 'Slow' };
  expect(compute(aPod(), aSeenPod([aSeen('main', running)]), { old: pending })).not.toHaveProperty('reason');
});

const stateOf = (status: PodStatus, name: string): ContainerStatus | undefined =>
  [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find((s) => s.name === name);

test('what has not started waits, by what it waits for', () => {
  expect(stateOf(compute(aPod(), nothing), 'main')?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
  expect(stateOf(compute(aPod(withInit), nothing), 'main')?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  expect(stateOf(compute(aPod(), aSeenPod([aSeen('main', created)])), 'main')?.state).toEqual({ waiting: {} });
});

test('what could not start waits for the reason of its last try, its last end kept', () => {
  const waitingReason = () => ({ reason: 'CrashLoopBackOff', message: 'back-off 10s' });
  expect(stateOf(compute(aPod(), aSeenPod([aSeen('main', exited(7))]), { waitingReason }), 'main')).toMatchObject({
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
    lastState: { terminated: { exitCode: 7, reason: 'Error', containerID: 'containerd://main-0' } },
    ready: false,
  });
});

test('what ended and stays so has no waiting reason, whatever was said before', () => {
  const waitingReason = () => ({ reason: 'CrashLoopBackOff', message: '' });
  const seen = aSeenPod([aSeen('main', exited(0))]);
  expect(stateOf(compute(aPod({ restartPolicy: 'Never' }), seen, { waitingReason }), 'main')?.state).toHaveProperty(
    'terminated',
  );
  expect(stateOf(compute(deleted(aPod()), seen, { waitingReason }), 'main')?.state).toHaveProperty('terminated');
});

test('the attempt before is the last state', () => {
  const seen = aSeenPod([aSeen('main', running, { id: 'main-1', restartCount: 1 }), aSeen('main', exited(3))]);
  expect(stateOf(compute(aPod(), seen), 'main')).toMatchObject({
    containerID: 'containerd://main-1',
    restartCount: 1,
    state: { running: {} },
    lastState: { terminated: { exitCode: 3 } },
  });
});

const ranBefore: PodStatus = {
  phase: 'Running',
  containerStatuses: [
    {
      name: 'main',
      image: 'busybox:1.37',
      imageID: 'sha256:abc',
      containerID: 'containerd://main-0',
      ready: true,
      restartCount: 2,
      state: { running: { startedAt: toApiTime(noon) } },
    },
  ],
};

test('a container that ran and vanished counts as ended, and the pod stays Running', () => {
  const status = compute(aPod(), aSeenPod(), { old: ranBefore });
  expect(stateOf(status, 'main')).toMatchObject({
    restartCount: 3,
    state: { waiting: { reason: 'ContainerCreating' } },
    lastState: { terminated: { reason: 'ContainerStatusUnknown', exitCode: 137 } },
  });
  expect(status.phase).toBe('Running');
});

test('an init container that is gone from the runtime is done when regular ones were made', () => {
  expect(stateOf(compute(aPod(withInit), aSeenPod([aSeen('main', running)])), 'init')).toMatchObject({
    ready: true,
    state: { terminated: { reason: 'Completed', exitCode: 0 } },
  });
});

const probed = { containers: [aContainer('main', { readinessProbe: { exec: {} } })] };
const started = { containers: [aContainer('main', { startupProbe: { exec: {} } })] };

test.each<[string, Pod, Partial<PodStatusInputs>, { started: boolean; ready: boolean }]>([
  ['no probe', aPod(), {}, { started: true, ready: true }],
  ['readiness succeeded', aPod(probed), {}, { started: true, ready: true }],
  ['readiness failed', aPod(probed), { readiness: () => 'failure' }, { started: true, ready: false }],
  ['readiness has not spoken', aPod(probed), { readiness: () => 'unknown' }, { started: true, ready: false }],
  ['startup has not spoken', aPod(started), { startup: () => 'unknown' }, { started: false, ready: false }],
  ['startup succeeded', aPod(started), {}, { started: true, ready: true }],
  [
    'readiness has not spoken since the kubelet was restarted, it was ready before',
    aPod(probed),
    { readiness: () => 'unknown', old: ranBefore, kubeletStartedAt: noon },
    { started: true, ready: true },
  ],
  [
    'the same, but the container is younger than the kubelet',
    aPod(probed),
    { readiness: () => 'unknown', old: ranBefore, kubeletStartedAt: noon - 50_000 },
    { started: true, ready: false },
  ],
])('a running container with %s', (_name, pod, more, wanted) => {
  expect(stateOf(compute(pod, aSeenPod([aSeen('main', running)]), more), 'main')).toMatchObject(wanted);
});

const conditionOf = (status: PodStatus, type: string) => {
  const { status: value, reason, message } = status.conditions?.find((c) => c.type === type) ?? {};
  return [value, reason, message];
};

test('a pod that runs is ready', () => {
  const status = compute(aPod(), aSeenPod([aSeen('main', running)]));
  expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
    'PodReadyToStartContainers=True',
    'Initialized=True',
    'Ready=True',
    'ContainersReady=True',
    'PodScheduled=True',
  ]);
});

test('conditions say what is missing, in upstream’s words', () => {
  const pending = compute(aPod(withInit), nothing);
  expect(conditionOf(pending, 'PodReadyToStartContainers')).toEqual([
    'False',
    'PodSandboxNotReady',
    'no pod sandbox exists',
  ]);
  expect(conditionOf(pending, 'Initialized')).toEqual([
    'False',
    'ContainersNotInitialized',
    'containers with incomplete status: [init]',
  ]);
  expect(conditionOf(pending, 'Ready')).toEqual([
    'False',
    'ContainersNotReady',
    'containers with unready status: [main]',
  ]);
  const done = compute(
    aPod({ restartPolicy: 'Never' }),
    aSeenPod([aSeen('main', exited(0))], { sandboxes: [aSandbox({ ready: false })] }),
  );
  expect(conditionOf(done, 'Ready')).toEqual(['False', 'PodCompleted', undefined]);
  expect(conditionOf(done, 'Initialized')).toEqual(['True', 'PodCompleted', undefined]);
});

test('readiness gates hold Ready back, not ContainersReady', () => {
  const gated = (conditions: NonNullable<PodStatus['conditions']>): Pod => ({
    ...aPod({ readinessGates: [{ conditionType: 'lb.io/up' }] }),
    status: { conditions },
  });
  const seen = aSeenPod([aSeen('main', running)]);
  expect(conditionOf(compute(gated([]), seen), 'Ready')).toEqual([
    'False',
    'ReadinessGatesNotReady',
    'corresponding condition of pod readiness gate "lb.io/up" does not exist.',
  ]);
  const no = { type: 'lb.io/up', status: 'False' };
  expect(conditionOf(compute(gated([no]), seen), 'Ready')[2]).toBe(
    'the status of pod readiness gate "lb.io/up" is not "True", but False',
  );
  const yes = compute(gated([{ type: 'lb.io/up', status: 'True' }]), seen);
  expect([conditionOf(yes, 'Ready')[0], conditionOf(yes, 'ContainersReady')[0]]).toEqual(['True', 'True']);
  expect(yes.conditions?.[0]?.type).toBe('lb.io/up');
});

test('addresses: the pod’s own, or the node’s on the host’s network', () => {
  expect(compute(aPod(), aSeenPod())).toMatchObject({
    hostIP: '172.18.0.3',
    podIP: '10.244.1.2',
    podIPs: [{ ip: '10.244.1.2' }],
  });
  const onHost = compute(aPod({ hostNetwork: true }), aSeenPod([], { ips: [] }), {
    hostIps: ['172.18.0.3', 'fc00::3'],
  });
  expect(onHost).toMatchObject({ podIP: '172.18.0.3', podIPs: [{ ip: '172.18.0.3' }, { ip: 'fc00::3' }] });
  const dual = compute(aPod(), aSeenPod([], { ips: ['fd00::2', '10.244.1.2'] }));
  expect(dual.podIP).toBe('10.244.1.2');
});

test('a stopped pod keeps the address it had, also when the kubelet was restarted since', () => {
  const old = { podIPs: [{ ip: '10.244.1.2' }] };
  const stopped = aSeenPod([], { sandboxes: [aSandbox({ ready: false, ips: [] })], ips: [] });
  expect(compute(aPod(), stopped, { old }).podIP).toBe('10.244.1.2');
  const starting = aSeenPod([], { sandboxes: [aSandbox({ ips: [] })], ips: [] });
  expect(compute(aPod(), starting, { old })).not.toHaveProperty('podIP');
});

test('the version of the pod that was looked at is told', () => {
  const status = compute(aPod({}, { generation: 4 }), aSeenPod([aSeen('main', running)]));
  expect(status.observedGeneration).toBe(4);
  expect(status.conditions?.every(({ observedGeneration }) => observedGeneration === 4)).toBe(true);
});

test('a pod’s resources as a whole: as they were written while it waits, as its cgroup has them once it runs', () => {
  const pod = aPod({
    resources: { requests: { cpu: '4m', memory: '10m' }, limits: { cpu: '100m', memory: '64Mi' } },
  });
  expect(compute(pod, nothing)).toMatchObject({
    allocatedResources: { cpu: '4m', memory: '10m' },
    resources: { requests: { cpu: '4m', memory: '10m' }, limits: { cpu: '100m', memory: '64Mi' } },
  });
  const cgroup = { cpuShares: 204, cpuQuota: 20_000, cpuPeriod: 100_000, memoryBytes: 2 ** 27 };
  expect(compute(pod, aSeenPod([aSeen('main', running)]), { cgroup })).toMatchObject({
    allocatedResources: { cpu: '4m', memory: '10m' },
    resources: { requests: { cpu: '200m', memory: '10m' }, limits: { cpu: '200m', memory: '128Mi' } },
  });
});

test.each<[string, object, boolean, object]>([
  ['a mount that may be written to', {}, true, {}],
  ['read-only', { readOnly: true }, true, { readOnly: true, recursiveReadOnly: 'Disabled' }],
  [
    'all the way down',
    { readOnly: true, recursiveReadOnly: 'Enabled' },
    true,
    { readOnly: true, recursiveReadOnly: 'Enabled' },
  ],
  [
    'if possible, and it is',
    { readOnly: true, recursiveReadOnly: 'IfPossible' },
    true,
    { readOnly: true, recursiveReadOnly: 'Enabled' },
  ],
  [
    'if possible, and it is not',
    { readOnly: true, recursiveReadOnly: 'IfPossible' },
    false,
    { readOnly: true, recursiveReadOnly: 'Disabled' },
  ],
  [
    'asked for where it cannot be',
    { readOnly: true, recursiveReadOnly: 'Enabled' },
    false,
    { readOnly: true, recursiveReadOnly: 'Disabled' },
  ],
])('mounts: %s', (_name, asked, recursiveReadOnly, told) => {
  const pod = aPod({ containers: [aContainer('main', { volumeMounts: [{ name: 'v', mountPath: '/v', ...asked }] })] });
  expect(compute(pod, aSeenPod(), { recursiveReadOnly }).containerStatuses?.[0]?.volumeMounts).toEqual([
    { name: 'v', mountPath: '/v', ...told },
  ]);
});

test('devices are told of with the containers that have them', () => {
  const health = [{ name: 'x.io/gpu', resources: [{ resourceID: 'a', health: 'Unhealthy' as const }] }];
  const seen = aSeenPod([aSeen('a', running), aSeen('b', running)]);
  const { containerStatuses } = compute(aPod(two), seen, { healthOf: (name) => (name === 'b' ? health : []) });
  expect(containerStatuses?.map((status) => status.allocatedResourcesStatus)).toEqual([undefined, health]);
});

test('an earlier attempt that the runtime knows nothing of has ended, as far as anybody can tell', () => {
  const before = {
    containerStatuses: [{ name: 'main', image: '', imageID: '', ready: true, restartCount: 0, state: { running: {} } }],
  };
  const seen = aSeenPod([
    aSeen('main', running, { id: 'main-1', restartCount: 1 }),
    aSeen('main', unknown, { id: 'main-0' }),
  ]);
  const [status] = compute(aPod(), seen, { old: before }).containerStatuses ?? [];
  expect(status?.lastState?.terminated).toMatchObject({ reason: 'ContainerStatusUnknown', exitCode: 137 });
});
