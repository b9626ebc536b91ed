import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Pod } from '../../src/api/types.ts';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { must, mustKlab } from '../harness/run.ts';

const busybox = 'docker.io/library/busybox:1.37';
const unusedImage = 'klab-e2e/unused:1';
const configFile = '/var/lib/kubelet/config.yaml';
const folder = mkdtempSync(join(tmpdir(), 'klab-evict-'));

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
let originalConfig = '';

interface Event {
  readonly reason: string;
  readonly message: string;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

type Spec = Partial<NonNullable<Pod['spec']>>;

/** A pod that is put on the node past the scheduler, which would heed the node's taints. */
const aPod = (name: string, script: string, spec: Spec = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 2,
    ...spec,
    containers: [
      { name: 'main', image: busybox, command: ['sh', '-c', `${script}; exec sleep 99999`], ...spec.containers?.[0] },
    ],
  },
});

const critical: Spec = { priorityClassName: 'system-node-critical' };
const podOf = (name: string) => cluster.json<Pod>(['-n', ns, 'get', 'pod', name]);
const eventsIn = async (namespace: string) =>
  (await cluster.json<{ items: Event[] }>(['-n', namespace, 'get', 'events'])).items;
const metrics = () => cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/metrics`]);
const disruptionOf = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'DisruptionTarget');

async function phaseOf(name: string, phase: string): Promise<Pod> {
  return eventually(`${name} is ${phase}`, async () => {
    const pod = await podOf(name);
    if (pod.status?.phase !== phase) throw new Error(`${pod.status?.phase} ${pod.status?.reason}`);
    return pod;
  });
}

async function nodeConditions(): Promise<Readonly<Record<string, string>>> {
  const { status } = await cluster.json<{ status: { conditions: { type: string; status: string }[] } }>([
    'get',
    'node',
    node,
  ]);
  return Object.fromEntries(status.conditions.map(({ type, status }) => [type, status]));
}

const conditionIs = (type: string, status: string) =>
  eventually(`${type} is ${status}`, async () => ((await nodeConditions())[type] === status ? true : undefined));

/** Restarts the node's kubelet with these settings over those it had at first. */
async function configure(settings: Readonly<Record<string, unknown>>): Promise<void> {
  const text = stringify({ ...(parse(originalConfig) as object), ...settings });
  await cluster.onNode(node, ['sh', '-c', `cat > ${configFile}`], { input: text });
  await cluster.onNode(node, ['systemctl', 'restart', 'kubelet']);
  await eventually('the kubelet is healthy', () =>
    cluster.onNode(node, ['curl', '-sf', 'http://127.0.0.1:10248/healthz']),
  );
}

beforeAll(async () => {
  cluster = await useCluster('short');
  node = `${cluster.name}-control-plane`;
  originalConfig = await cluster.onNode(node, ['cat', configFile]);
  ({ name: ns, remove } = await cluster.namespace('eviction'));
});

afterAll(async () => {
  if (originalConfig !== '') await configure({});
  await remove?.();
  rmSync(folder, { recursive: true, force: true });
});

describe('local storage that a pod has a limit of', () => {
  const write = (path: string) => `dd if=/dev/zero of=${path} bs=1M count=8`;

  beforeAll(async () => {
    const volumes = [{ name: 'cache', emptyDir: { sizeLimit: '2Mi' } }];
    const volumeMounts = [{ name: 'cache', mountPath: '/cache' }];
    const main = { name: 'main', image: busybox };
    await cluster.apply(aPod('volume', write('/cache/file'), { volumes, containers: [{ ...main, volumeMounts }] }));
    await cluster.apply(aPod('within', 'true', { volumes, containers: [{ ...main, volumeMounts }] }));
    const limits = { 'ephemeral-storage': '2Mi' };
    await cluster.apply(aPod('layer', write('/file'), { containers: [{ ...main, resources: { limits } }] }));
  });

  test('a volume over its size ends the pod', async () => {
    const pod = await phaseOf('volume', 'Failed');
    const message = 'Usage of EmptyDir volume "cache" exceeds the limit "2Mi". ';
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
    // Nobody else has disrupted it.
    expect(disruptionOf(pod)).toBeUndefined();
    const event = await eventually('its event', async () =>
      (await eventsIn(ns)).find(
        ({ reason, involvedObject }) => reason === 'Evicted' && involvedObject.name === 'volume',
      ),
    );
    expect(event.message).toBe(message);
  });

  test('so does what it has written into its own file system', async () => {
    expect((await phaseOf('layer', 'Failed')).status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ',
    });
  });

  test('a pod within its limits goes on, and evictions are counted', async () => {
    expect((await podOf('within')).status?.phase).toBe('Running');
    expect(await metrics()).toMatch(/^kubelet_evictions\{eviction_signal="emptydirfs.limit"\} 1$/m);
  });

  test('nothing of an evicted pod is left in the runtime', async () => {
    await eventually('its containers are gone', async () => {
      const left = await cluster.onNode(node, ['crictl', 'ps', '-a', '-q', '--label', 'io.kubernetes.pod.name=volume']);
      return left.trim() === '' ? true : undefined;
    });
  });
});

describe('a critical pod that finds no room', () => {
  test('takes that of another', async () => {
    const { status } = await cluster.json<{ status: { allocatable: { memory: string } } }>(['get', 'node', node]);
    const bytes = Number(status.allocatable.memory.replace('Ki', '')) * 1024;
    const requests = { memory: String(Math.floor(bytes * 0.6)) };
    const container = { name: 'main', image: busybox, resources: { requests } };
    await cluster.apply(aPod('ordinary', 'true', { containers: [container] }));
    await phaseOf('ordinary', 'Running');
    await cluster.apply(aPod('critical', 'true', { ...critical, containers: [container] }));
    const victim = await phaseOf('ordinary', 'Failed');
    expect(victim.status).toMatchObject({
      reason: 'Preempting',
      message: 'Preempted in order to admit critical pod',
    });
    expect(disruptionOf(victim)).toMatchObject({ status: 'True', reason: 'TerminationByKubelet' });
    await phaseOf('critical', 'Running');
    expect(await metrics()).toMatch(/^kubelet_preemptions\{preemption_signal="memory"\} 1$/m);
    await cluster.kubectl(['-n', ns, 'delete', 'pod', 'critical', 'ordinary']);
  });
});

describe('a node short of memory', () => {
  beforeAll(async () => {
    await cluster.apply(aPod('greedy', 'head -c 64M /dev/zero | tail'));
    await phaseOf('greedy', 'Running');
    const summary = await cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`]);
    const { node: read } = JSON.parse(summary) as {
      node: { memory: { availableBytes: number; workingSetBytes: number } };
    };
    // Nearly all there is: short whatever else the machine does. Soft, because a hard threshold is taken from what can
    // be allocated, and then a restarted kubelet finds no room for the control plane's own requests.
    const wanted = String(read.memory.availableBytes + read.memory.workingSetBytes - 64 * 2 ** 20);
    await configure({
      evictionSoft: { 'memory.available': wanted },
      evictionSoftGracePeriod: { 'memory.available': '1s' },
      evictionPressureTransitionPeriod: '60s',
    });
  });

  test('says so, and taints itself', async () => {
    await conditionIs('MemoryPressure', 'True');
    await eventually('the taint', async () => {
      const { spec } = await cluster.json<{ spec: { taints?: { key: string }[] } }>(['get', 'node', node]);
      return spec.taints?.find(({ key }) => key === 'node.kubernetes.io/memory-pressure');
    });
  });

  test('evicts what uses more than it asked for', async () => {
    const pod = await phaseOf('greedy', 'Failed');
    expect(pod.status).toMatchObject({ reason: 'Evicted' });
    expect(pod.status?.message).toMatch(
      /^The node was low on resource: memory\. Threshold quantity: \w+, available: \w+\. Container main was using \w+, request is 0, has larger consumption of memory\. $/,
    );
    expect(disruptionOf(pod)).toMatchObject({ status: 'True', reason: 'TerminationByKubelet' });
    const event = await eventually('its event', async () =>
      (await eventsIn(ns)).find(
        ({ reason, involvedObject }) => reason === 'Evicted' && involvedObject.name === 'greedy',
      ),
    );
    expect(event.metadata.annotations).toMatchObject({ offending_containers: 'main', starved_resource: 'memory' });
    const reclaim = (await eventsIn('default')).find(({ reason }) => reason === 'EvictionThresholdMet');
    expect(reclaim?.message).toBe('Attempting to reclaim memory');
  });

  test('takes no pod that says nothing of its memory, but a critical one', async () => {
    await cluster.apply(aPod('late', 'true'));
    expect((await phaseOf('late', 'Failed')).status).toMatchObject({
      reason: 'Evicted',
      message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
    });
    await cluster.apply(aPod('needed', 'true', critical));
    await phaseOf('needed', 'Running');
  });

  test('leaves the pods alone that the cluster is made of', async () => {
    const pods = await cluster.json<{ items: Pod[] }>(['-n', 'kube-system', 'get', 'pods']);
    for (const name of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy']) {
      const pod = pods.items.find(({ metadata }) => metadata?.name?.startsWith(name));
      expect([name, pod?.status?.phase]).toEqual([name, 'Running']);
    }
  });

  test('is well again when there is enough', async () => {
    await configure({});
    await conditionIs('MemoryPressure', 'False');
  });
});

describe('a disk that is too full', () => {
  const hasImage = async (): Promise<boolean> =>
    (await cluster.onNode(node, ['crictl', 'images', '-o', 'json'])).includes(unusedImage);

  async function loadImage(): Promise<void> {
    const layer = join(folder, 'layer.tar');
    await must('tar', ['-C', import.meta.dirname, '-cf', layer, 'eviction.e2e.ts']);
    await must('docker', ['import', layer, unusedImage]);
    await mustKlab(['load', 'docker-image', unusedImage, '--name', cluster.name]);
    await must('docker', ['rmi', unusedImage]);
    expect(await hasImage()).toBe(true);
  }

  test('loses images that nobody uses', async () => {
    await cluster.apply(aPod('user', 'true', critical));
    await phaseOf('user', 'Running');
    await loadImage();
    await configure({ imageGCHighThresholdPercent: 2, imageGCLowThresholdPercent: 1, imageMinimumGCAge: '1ms' });
    await eventually('the unused image is gone', async () => ((await hasImage()) ? undefined : true));
    const images = await cluster.onNode(node, ['crictl', 'images', '-o', 'json']);
    expect(images).toContain(busybox);
    expect(images).toContain('pause');
    expect(await metrics()).toMatch(/^kubelet_image_garbage_collected_total\{reason="space"\} [1-9]/m);
    const event = await eventually('its event', async () =>
      (await eventsIn('default')).find(({ reason }) => reason === 'FreeDiskSpaceFailed'),
    );
    expect(event.message).toMatch(/^Insufficient free disk space on the node's image filesystem \(\d+% of /);
  });

  test('below the threshold of eviction it loses images first, then pods', async () => {
    await cluster.apply(aPod('writer', 'dd if=/dev/zero of=/file bs=1M count=16'));
    await phaseOf('writer', 'Running');
    await loadImage();
    await configure({
      evictionHard: { 'nodefs.available': '99%' },
      evictionPressureTransitionPeriod: '10s',
      imageMinimumGCAge: '1ms',
    });
    await conditionIs('DiskPressure', 'True');
    const pod = await phaseOf('writer', 'Failed');
    expect(pod.status?.reason).toBe('Evicted');
    expect(pod.status?.message).toMatch(/^The node was low on resource: ephemeral-storage\. Threshold quantity: /);
    // An image that was seen only now is removed in the round after.
    await eventually('no unused image', async () => ((await hasImage()) ? undefined : true));
    expect((await podOf('user')).status?.phase).toBe('Running');
  });
});
