import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const busybox = 'docker.io/library/busybox:1.37';
const mebi = 1024 * 1024;
let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  ({ name: ns, remove } = await cluster.namespace('resize'));
});
afterAll(() => remove?.());

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}
interface PodJson {
  readonly metadata: { readonly generation: number; readonly uid: string };
  readonly spec: { readonly containers: readonly { readonly resources: Resources }[] };
  readonly status: {
    readonly phase: string;
    readonly observedGeneration: number;
    readonly qosClass: string;
    readonly resources?: Resources;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly observedGeneration?: number;
    }[];
    readonly containerStatuses: readonly {
      readonly containerID: string;
      readonly ready: boolean;
      readonly restartCount: number;
      readonly resources: Resources;
      readonly allocatedResources: Readonly<Record<string, string>>;
    }[];
  };
}

const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);
const getPod = (name: string) => cluster.json<PodJson>(['-n', ns, 'get', 'pod', name]);

interface PodOptions {
  readonly policy?: 'NotRequired' | 'RestartContainer';
  readonly pod?: Resources;
  readonly script?: string;
  /** Merged into the container, and into the pod's spec. */
  readonly container?: object;
  readonly spec?: object;
}

async function create(name: string, resources: Resources | undefined, options: PodOptions = {}): Promise<void> {
  const { policy = 'NotRequired', pod, script = 'sleep 9999', container = {}, spec = {} } = options;
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ns },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      ...spec,
      ...(pod === undefined ? {} : { resources: pod }),
      containers: [
        {
          name: 'main',
          image: busybox,
          command: ['sh', '-c', script],
          ...(resources === undefined ? {} : { resources }),
          ...(policy === 'NotRequired' ? {} : { resizePolicy: [{ resourceName: 'memory', restartPolicy: policy }] }),
          ...container,
        },
      ],
    },
  });
}

async function ready(name: string): Promise<PodJson> {
  await kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
  return getPod(name);
}

const resize = (name: string, spec: object) =>
  kubectl('patch', 'pod', name, '--subresource', 'resize', '--patch', JSON.stringify({ spec }));
const resizeContainer = (name: string, resources: Resources) =>
  resize(name, { containers: [{ name: 'main', resources }] });

const conditionOf = (pod: PodJson, type: string) => pod.status.conditions.find((c) => c.type === type);

/** The pod once nothing of its resize is left to do. */
const settled = (name: string): Promise<PodJson> =>
  eventually(`resize of ${name}`, async () => {
    const pod = await getPod(name);
    const busy = pod.status.conditions.some(({ type }) => type.startsWith('PodResize'));
    const seen = pod.status.observedGeneration === pod.metadata.generation;
    return !busy && seen && pod.status.containerStatuses[0]?.ready ? pod : undefined;
  });

/** What the kernel holds the container to: bytes, and microseconds of each 100 ms. */
async function enforced(name: string): Promise<{ memory: number; quota: number; shares: number }> {
  const script =
    'cd /sys/fs/cgroup; if [ -e memory.max ]; then cat memory.max cpu.max cpu.weight | tr "\\n" " ";' +
    ' else cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares | tr "\\n" " "; fi';
  const [memory, quota, , shares] = (await kubectl('exec', name, '-c', 'main', '--', 'sh', '-c', script)).split(' ');
  return { memory: Number(memory), quota: Number(quota), shares: Number(shares) };
}

const eventsOf = async (name: string): Promise<readonly string[]> => {
  const { items } = await cluster.json<{ items: { reason: string }[] }>([
    ...['-n', ns, 'get', 'events', '--field-selector', `involvedObject.name=${name}`],
  ]);
  return items.map(({ reason }) => reason);
};

const healthy = () =>
  eventually('a healthy kubelet', () => cluster.onNode(node, ['curl', '-sf', 'http://127.0.0.1:10248/healthz']));

const both = (cpu: string, memory: string): Resources => ({ requests: { cpu, memory }, limits: { cpu, memory } });

describe('a running container is given more and less', () => {
  test('guaranteed, without a restart', async () => {
    await create('guaranteed', both('100m', '64Mi'));
    const before = await ready('guaranteed');
    expect(before.status.qosClass).toBe('Guaranteed');
    expect(before.status.containerStatuses[0]).toMatchObject({ resources: both('100m', '64Mi') });

    for (const [cpu, memory, mi] of [
      ['200m', '96Mi', 96],
      ['50m', '48Mi', 48],
    ] as const) {
      await resizeContainer('guaranteed', both(cpu, memory));
      const after = await settled('guaranteed');
      expect(after.status.containerStatuses[0]).toMatchObject({
        resources: both(cpu, memory),
        allocatedResources: { cpu, memory },
        restartCount: 0,
        containerID: before.status.containerStatuses[0]?.containerID,
      });
      expect(await enforced('guaranteed')).toMatchObject({
        memory: mi * mebi,
        quota: Number.parseInt(cpu, 10) * 100,
      });
    }
    await eventually('both Events', async () => {
      const reasons = await eventsOf('guaranteed');
      return reasons.includes('ResizeStarted') && reasons.includes('ResizeCompleted') ? true : undefined;
    });
  });

  test('burstable, with a restart for memory alone', async () => {
    const amounts = (cpu: string, memory: string): Resources => ({
      requests: { cpu: '50m', memory: '32Mi' },
      limits: { cpu, memory },
    });
    await create('burstable', amounts('100m', '64Mi'), { policy: 'RestartContainer' });
    const before = await ready('burstable');
    await resizeContainer('burstable', amounts('150m', '64Mi'));
    const more = await settled('burstable');
    expect(more.status.containerStatuses[0]).toMatchObject({
      restartCount: 0,
      containerID: before.status.containerStatuses[0]?.containerID,
      resources: amounts('150m', '64Mi'),
    });
    await resizeContainer('burstable', amounts('150m', '96Mi'));
    const restarted = await settled('burstable');
    expect(restarted.status.containerStatuses[0]).toMatchObject({
      restartCount: 1,
      resources: amounts('150m', '96Mi'),
    });
    expect(await enforced('burstable')).toMatchObject({ memory: 96 * mebi, quota: 15_000 });
    await resizeContainer('burstable', amounts('100m', '48Mi'));
    const less = await settled('burstable');
    expect(less.status.containerStatuses[0]).toMatchObject({ restartCount: 2, resources: amounts('100m', '48Mi') });
    expect(await enforced('burstable')).toMatchObject({ memory: 48 * mebi, quota: 10_000 });
  });

  test('the pod as a whole', async () => {
    await create('whole', undefined, { pod: both('200m', '96Mi') });
    const before = await ready('whole');
    expect(before.status).toMatchObject({ qosClass: 'Guaranteed', resources: both('200m', '96Mi') });
    expect(await enforced('whole')).toMatchObject({ memory: 96 * mebi, quota: 20_000 });
    await resize('whole', { resources: both('300m', '128Mi') });
    const after = await settled('whole');
    expect(after.status.resources).toEqual(both('300m', '128Mi'));
    expect(after.status.containerStatuses[0]).toMatchObject({ restartCount: 0 });
    expect(await enforced('whole')).toMatchObject({ memory: 128 * mebi, quota: 30_000 });
  });

  test('less memory than is in use is refused, and what was granted stays on offer', async () => {
    const limit = (memory: string): Resources => ({ requests: { memory: '16Mi' }, limits: { memory } });
    const hold = 'head -c 40m /dev/zero > /dev/shm/held; sleep 9999';
    await create('full', limit('64Mi'), { script: hold });
    await ready('full');
    await eventually('the memory in use', async () =>
      Number(await kubectl('exec', 'full', '--', 'stat', '-c', '%s', '/dev/shm/held')) === 40 * mebi ? true : undefined,
    );
    await resizeContainer('full', limit('32Mi'));
    const refused = await eventually('the refusal', async () => {
      const condition = conditionOf(await getPod('full'), 'PodResizeInProgress');
      return condition?.reason === 'Error' ? condition : undefined;
    });
    expect(refused.message).toContain('cannot decrease memory limits: ');
    expect((await enforced('full')).memory).toBe(64 * mebi);
    await kubectl('exec', 'full', '--', 'rm', '/dev/shm/held');
    await settled('full');
    expect((await enforced('full')).memory).toBe(32 * mebi);
  });
});

test('what does not fit waits, over a restart of the kubelet too, and is granted when there is room', async () => {
  const { status } = await cluster.json<{ status: { allocatable: { cpu: string } } }>(['get', 'node', node]);
  const all = status.allocatable.cpu.endsWith('m')
    ? Number.parseInt(status.allocatable.cpu, 10)
    : 1000 * Number(status.allocatable.cpu);
  const cpu = (milli: number): Resources => ({ requests: { cpu: `${milli}m` } });
  const half = Math.floor(all / 2) - 200;
  await create('neighbour', cpu(half));
  await create('waiting', cpu(100));
  const before = await ready('waiting');
  await ready('neighbour');

  await resizeContainer('waiting', cpu(half + 400));
  const pending = await eventually('the wait', async () => {
    const pod = await getPod('waiting');
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
  await healthy();
  const kept = await eventually('the same wait', async () => {
    const pod = await getPod('waiting');
    return conditionOf(pod, 'PodResizePending') === undefined ? undefined : pod;
  });
  expect(kept.status.containerStatuses[0]).toMatchObject({ allocatedResources: { cpu: '100m' } });

  await kubectl('delete', 'pod', 'neighbour', '--wait=false');
  const granted = await settled('waiting');
  expect(granted.status.containerStatuses[0]).toMatchObject({
    allocatedResources: { cpu: `${half + 400}m` },
    resources: cpu(half + 400),
    restartCount: 0,
    containerID: before.status.containerStatuses[0]?.containerID,
  });
  const reasons = await eventsOf('waiting');
  expect(reasons).toEqual(expect.arrayContaining(['ResizeDeferred', 'ResizeStarted', 'ResizeCompleted']));
});

test('a guaranteed pod that holds CPUs of its own is never given others', async () => {
  const restart = async (before: string) => {
    // A policy's own state is not another's.
    await cluster.onNode(node, [
      'sh',
      '-c',
      `${before}; rm -f /var/lib/kubelet/cpu_manager_state; systemctl restart kubelet`,
    ]);
    await healthy();
  };
  await restart('echo KUBELET_EXTRA_ARGS=--cpu-manager-policy=static --kube-reserved=cpu=100m > /etc/default/kubelet');
  try {
    await create('exclusive', both('100m', '32Mi'));
    await ready('exclusive');
    await resizeContainer('exclusive', both('200m', '32Mi'));
    const pending = await eventually('the answer', async () =>
      conditionOf(await getPod('exclusive'), 'PodResizePending'),
    );
    expect(pending).toMatchObject({ reason: 'Infeasible' });
    expect(pending.message).toContain('CPU Manager policy "static"');
    await eventually('its Event', async () => (await eventsOf('exclusive')).includes('ResizeInfeasible') || undefined);
    await resizeContainer('exclusive', both('100m', '32Mi'));
    await settled('exclusive');
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
    await create('rule', undefined, {
      script: 'if [ -e /scratch/seen ]; then exit 0; fi; touch /scratch/seen; exit 42',
      spec: scratch,
      container: onExit(42, 'Restart'),
    });
    const pod = await eventually('its end', async () => {
      const seen = await getPod('rule');
      return seen.status.phase === 'Succeeded' ? seen : undefined;
    });
    expect(pod.status.containerStatuses[0]).toMatchObject({ restartCount: 1 });
  });

  test('a rule restarts all containers in place', async () => {
    await create('all', undefined, {
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
      const seen = await getPod('all');
      const [main] = seen.status.containerStatuses;
      return main?.restartCount === 1 && main.ready ? seen : undefined;
    });
    expect(conditionOf(pod, 'AllContainersRestarting')).toMatchObject({ status: 'False' });
    expect(await kubectl('exec', 'all', '-c', 'main', '--', 'cat', '/scratch/inits')).toBe('x\nx');
  });
});
