import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { both, busybox, conditionOf, type Resources, resizablePods } from './resizable-pods.ts';

const mebi = 1024 * 1024;
let cluster: Cluster;
let node = '';
let pods: ReturnType<typeof resizablePods>;
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  const namespace = await cluster.namespace('resize');
  remove = namespace.remove;
  pods = resizablePods(cluster, namespace.name, node);
});
// What one test's pods request, the next one's may need: where CoreDNS shares the node, two cores are soon full.
afterEach(() => pods.deleteAll());
afterAll(() => remove?.());

describe('a running container is given more and less', () => {
  test('guaranteed, without a restart', async () => {
    await pods.create('guaranteed', both('100m', '64Mi'));
    const before = await pods.ready('guaranteed');
    expect(before.status.qosClass).toBe('Guaranteed');
    expect(before.status.containerStatuses[0]).toMatchObject({ resources: both('100m', '64Mi') });

    for (const [cpu, memory, mi] of [
      ['200m', '96Mi', 96],
      ['50m', '48Mi', 48],
    ] as const) {
      await pods.resizeContainer('guaranteed', both(cpu, memory));
      const after = await pods.settled('guaranteed');
      expect(after.status.containerStatuses[0]).toMatchObject({
        resources: both(cpu, memory),
        allocatedResources: { cpu, memory },
        restartCount: 0,
        containerID: before.status.containerStatuses[0]?.containerID,
      });
      expect(await pods.enforced('guaranteed')).toMatchObject({
        memory: mi * mebi,
        quota: Number.parseInt(cpu, 10) * 100,
      });
    }
    await eventually('both Events', async () => {
      const reasons = await pods.eventsOf('guaranteed');
      return reasons.includes('ResizeStarted') && reasons.includes('ResizeCompleted') ? true : undefined;
    });
  });

  test('burstable, with a restart for memory alone', async () => {
    const amounts = (cpu: string, memory: string): Resources => ({
      requests: { cpu: '50m', memory: '32Mi' },
      limits: { cpu, memory },
    });
    await pods.create('burstable', amounts('100m', '64Mi'), { policy: 'RestartContainer' });
    const before = await pods.ready('burstable');
    await pods.resizeContainer('burstable', amounts('150m', '64Mi'));
    const more = await pods.settled('burstable');
    expect(more.status.containerStatuses[0]).toMatchObject({
      restartCount: 0,
      containerID: before.status.containerStatuses[0]?.containerID,
      resources: amounts('150m', '64Mi'),
    });
    await pods.resizeContainer('burstable', amounts('150m', '96Mi'));
    const restarted = await pods.settled('burstable');
    expect(restarted.status.containerStatuses[0]).toMatchObject({
      restartCount: 1,
      resources: amounts('150m', '96Mi'),
    });
    expect(await pods.enforced('burstable')).toMatchObject({ memory: 96 * mebi, quota: 15_000 });
    await pods.resizeContainer('burstable', amounts('100m', '48Mi'));
    const less = await pods.settled('burstable');
    expect(less.status.containerStatuses[0]).toMatchObject({ restartCount: 2, resources: amounts('100m', '48Mi') });
    expect(await pods.enforced('burstable')).toMatchObject({ memory: 48 * mebi, quota: 10_000 });
  });

  test('the pod as a whole', async () => {
    await pods.create('whole', undefined, { pod: both('200m', '96Mi') });
    const before = await pods.ready('whole');
    expect(before.status).toMatchObject({ qosClass: 'Guaranteed', resources: both('200m', '96Mi') });
    expect(await pods.enforced('whole')).toMatchObject({ memory: 96 * mebi, quota: 20_000 });
    await pods.resize('whole', { resources: both('300m', '128Mi') });
    const after = await pods.settled('whole');
    expect(after.status.resources).toEqual(both('300m', '128Mi'));
    expect(after.status.containerStatuses[0]).toMatchObject({ restartCount: 0 });
    expect(await pods.enforced('whole')).toMatchObject({ memory: 128 * mebi, quota: 30_000 });
  });

  test('less memory than is in use is refused, and what was granted stays on offer', async () => {
    const limit = (memory: string): Resources => ({ requests: { memory: '16Mi' }, limits: { memory } });
    const hold = 'head -c 40m /dev/zero > /dev/shm/held; sleep 9999';
    await pods.create('full', limit('64Mi'), { script: hold });
    await pods.ready('full');
    await eventually('the memory in use', async () =>
      Number(await pods.kubectl('exec', 'full', '--', 'stat', '-c', '%s', '/dev/shm/held')) === 40 * mebi
        ? true
        : undefined,
    );
    await pods.resizeContainer('full', limit('32Mi'));
    const refused = await eventually('the refusal', async () => {
      const condition = conditionOf(await pods.get('full'), 'PodResizeInProgress');
      return condition?.reason === 'Error' ? condition : undefined;
    });
    expect(refused.message).toContain('cannot decrease memory limits: ');
    expect((await pods.enforced('full')).memory).toBe(64 * mebi);
    await pods.kubectl('exec', 'full', '--', 'rm', '/dev/shm/held');
    await pods.settled('full');
    expect((await pods.enforced('full')).memory).toBe(32 * mebi);
  });
});

test('what does not fit waits, over a restart of the kubelet too, and is granted when there is room', async () => {
  const { status } = await cluster.json<{ status: { allocatable: { cpu: string } } }>(['get', 'node', node]);
  const all = status.allocatable.cpu.endsWith('m')
    ? Number.parseInt(status.allocatable.cpu, 10)
    : 1000 * Number(status.allocatable.cpu);
  const cpu = (milli: number): Resources => ({ requests: { cpu: `${milli}m` } });
  const half = Math.floor(all / 2) - 200;
  await pods.create('neighbour', cpu(half));
  await pods.create('waiting', cpu(100));
  const before = await pods.ready('waiting');
  await pods.ready('neighbour');

  await pods.resizeContainer('waiting', cpu(half + 400));
  const pending = await eventually('the wait', async () => {
    const pod = await pods.get('waiting');
    return conditionOf(pod, 'PodResizePending') === undefined ? undefined : pod;
  });
  const condition = conditionOf(pending, 'PodResizePending');
  expect(condition).toMatchObject({ reason: 'Deferred', observedGeneration: 2 });
  expect(condition?.message).toContain("Node didn't have enough resource: cpu");
  expect(pending.status.containerStatuses[0]).toMatchObject({
    allocatedResources: { cpu: '100m' },
    resources: cpu(100),
  });

  await cluster.onNode(node, ['systemctl', 'restart', 'kubelet']);
  await pods.healthy();
  const kept = await eventually('the same wait', async () => {
    const pod = await pods.get('waiting');
    return conditionOf(pod, 'PodResizePending') === undefined ? undefined : pod;
  });
  expect(kept.status.containerStatuses[0]).toMatchObject({ allocatedResources: { cpu: '100m' } });

  await pods.kubectl('delete', 'pod', 'neighbour', '--wait=false');
  const granted = await pods.settled('waiting');
  expect(granted.status.containerStatuses[0]).toMatchObject({
    allocatedResources: { cpu: `${half + 400}m` },
    resources: cpu(half + 400),
    restartCount: 0,
    containerID: before.status.containerStatuses[0]?.containerID,
  });
  const reasons = await pods.eventsOf('waiting');
  expect(reasons).toEqual(expect.arrayContaining(['ResizeDeferred', 'ResizeStarted', 'ResizeCompleted']));
});

test('a guaranteed pod that holds CPUs of its own is never given others', async () => {
  const restart = async (before: string) => {
    // A policy's own state is not another's; a kubelet that still runs may write its own once more.
    await cluster.onNode(node, [
      'sh',
      '-c',
      `${before}; systemctl stop kubelet; rm -f /var/lib/kubelet/cpu_manager_state; systemctl start kubelet`,
    ]);
    await pods.healthy();
  };
  await restart('echo KUBELET_EXTRA_ARGS=--cpu-manager-policy=static --kube-reserved=cpu=100m > /etc/default/kubelet');
  try {
    await pods.create('exclusive', both('100m', '32Mi'));
    await pods.ready('exclusive');
    await pods.resizeContainer('exclusive', both('200m', '32Mi'));
    const pending = await eventually('the answer', async () =>
      conditionOf(await pods.get('exclusive'), 'PodResizePending'),
    );
    expect(pending).toMatchObject({ reason: 'Infeasible' });
    expect(pending.message).toContain('CPU Manager policy "static"');
    await eventually(
      'its Event',
      async () => (await pods.eventsOf('exclusive')).includes('ResizeInfeasible') || undefined,
    );
    await pods.resizeContainer('exclusive', both('100m', '32Mi'));
    await pods.settled('exclusive');
  } finally {
    await restart('rm /etc/default/kubelet');
  }
});

describe('a container’s own restart rules', () => {
  /** What one life of the container leaves for the next is in the pod's volume. */
  const scratch = { volumes: [{ name: 'scratch', emptyDir: {} }], restartPolicy: 'Never' };
  const mounted = { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] };
  const onExit = (code: number, action: string) => ({
    ...mounted,
    restartPolicy: 'Never',
    restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [code] } }],
  });

  test('an exit code that a rule names starts the container again, in a pod that runs once', async () => {
    await pods.create('rule', undefined, {
      script: 'if [ -e /scratch/seen ]; then exit 0; fi; touch /scratch/seen; exit 42',
      spec: scratch,
      container: onExit(42, 'Restart'),
    });
    const pod = await eventually('its end', async () => {
      const seen = await pods.get('rule');
      return seen.status.phase === 'Succeeded' ? seen : undefined;
    });
    expect(pod.status.containerStatuses[0]).toMatchObject({ restartCount: 1 });
  });

  test('a rule restarts all containers in place', async () => {
    await pods.create('all', undefined, {
      script: 'if [ -e /scratch/seen ]; then sleep 9999; fi; touch /scratch/seen; sleep 2; exit 43',
      spec: {
        ...scratch,
        initContainers: [
          { name: 'init', image: busybox, command: ['sh', '-c', 'echo x >> /scratch/inits'], ...mounted },
        ],
      },
      container: onExit(43, 'RestartAllContainers'),
    });
    const pod = await eventually('its second life', async () => {
      const seen = await pods.get('all');
      const [main] = seen.status.containerStatuses;
      return main?.restartCount === 1 && main.ready ? seen : undefined;
    });
    expect(conditionOf(pod, 'AllContainersRestarting')).toMatchObject({ status: 'False' });
    expect(await pods.kubectl('exec', 'all', '-c', 'main', '--', 'cat', '/scratch/inits')).toBe('x\nx');
  });
});
