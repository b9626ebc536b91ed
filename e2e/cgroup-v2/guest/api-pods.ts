import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type ApiObject, type ApiStandIn, apiStandIn } from './api.ts';
import {
  bestEffort,
  burstable,
  configureKubelet,
  containerCgroup,
  gone,
  kubepods,
  mebi,
  memTotal,
  podCgroup,
  read,
  restartKubelet,
  sh,
  soon,
  weightOfMilli,
} from './node.ts';

/** What only pods of an API have: overhead, resources of the pod as a whole, resizing, swap, eviction that is told. */

let api: ApiStandIn;
after(() => api.close());
const nodePath = '/api/v1/nodes/cgroup-guest';
const pathOf = (name: string): string => `/api/v1/namespaces/default/pods/${name}`;

interface Condition {
  readonly type: string;
  readonly status: string;
}
interface NodeStatus {
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly conditions: readonly Condition[];
}
interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly conditions?: readonly (Condition & { readonly reason?: string })[];
  readonly containerStatuses?: readonly {
    readonly containerID?: string;
    readonly restartCount: number;
    readonly state?: { readonly running?: object };
    readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  }[];
}
const nodeStatus = () => api.get(nodePath)?.status as NodeStatus | undefined;
const podStatus = (name: string) => api.get(pathOf(name))?.status as PodStatus | undefined;
const conditionOf = (type: string) => nodeStatus()?.conditions.find((condition) => condition.type === type)?.status;

function aPod(name: string, resources: object, spec: object = {}, script = 'sleep 9999'): ApiObject {
  const container = { name: 'main', image: 'docker.io/library/busybox:1.37', command: ['sh', '-c', script] };
  return {
    metadata: { name, namespace: 'default', generation: 1 },
    spec: {
      nodeName: 'cgroup-guest',
      hostNetwork: true,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 1,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      dnsPolicy: 'Default',
      containers: [{ ...container, imagePullPolicy: 'IfNotPresent', resources }],
      ...spec,
    },
    status: { phase: 'Pending' },
  };
}

interface Running {
  readonly uid: string;
  readonly id: string;
}
/** Makes the pod; resolves when it runs. */
async function run(pod: ApiObject): Promise<Running> {
  const { name } = pod.metadata;
  api.put(pathOf(name), pod);
  return soon(`${name} running`, () => {
    const [container] = podStatus(name)?.containerStatuses ?? [];
    if (container?.state?.running === undefined) return undefined;
    const id = String(container.containerID).replace(/^.*:\/\//, '');
    return { uid: String(api.get(pathOf(name))?.metadata.uid), id };
  });
}
async function remove(name: string, cgroup: string): Promise<void> {
  api.remove(pathOf(name), 1);
  await soon(`no ${name}`, () => (api.get(pathOf(name)) === undefined ? true : undefined));
  await gone(cgroup);
}

const settings = {
  kubeReserved: { cpu: '100m', memory: '200Mi', pid: '1000' },
  memoryThrottlingFactor: 0.9,
  memoryReservationPolicy: 'TieredReservation',
  memorySwap: { swapBehavior: 'LimitedSwap' },
  failSwapOn: false,
  nodeStatusUpdateFrequency: '2s',
};

test('the node as the API has it', async () => {
  api = await apiStandIn();
  const user = { name: 'node', user: {} };
  const cluster = { name: 'here', cluster: { server: api.url } };
  const context = { name: 'here', context: { cluster: 'here', user: 'node' } };
  writeFileSync(
    '/etc/kubernetes/stand-in.conf',
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'here' },
      ...{ clusters: [cluster], users: [user], contexts: [context] },
    }),
  );
  const flags = '--kubeconfig=/etc/kubernetes/stand-in.conf --bootstrap-kubeconfig=';
  writeFileSync('/etc/default/kubelet', `KUBELET_EXTRA_ARGS=${flags}\n`);
  await configureKubelet(settings);
  await restartKubelet();
  const { capacity, allocatable } = await soon('a status', nodeStatus);
  assert.equal(capacity.cpu, '1');
  assert.equal(allocatable.cpu, '900m');
  assert.equal(capacity.memory, `${memTotal / 1024}Ki`);
  // What is reserved, and what is left before pods are evicted.
  assert.equal(allocatable.memory, `${memTotal / 1024 - 300 * 1024}Ki`);
  assert.equal(conditionOf('MemoryPressure'), 'False');
  const warnings = await sh("journalctl -u kubelet --no-pager | grep 'cgroup v1' || true");
  assert.equal(warnings, '');
});

test('a pod’s overhead is part of its cgroup, and not of its container’s', async () => {
  const amounts = { cpu: '100m', memory: '32Mi' };
  const pod = aPod('overhead', { limits: amounts, requests: amounts }, { overhead: { cpu: '50m', memory: '16Mi' } });
  const { uid, id } = await run(pod);
  const cgroup = podCgroup(kubepods, uid);
  assert.equal(read(cgroup, 'cpu.max'), '15000 100000');
  assert.equal(read(cgroup, 'memory.max'), String(48 * mebi));
  assert.equal(read(containerCgroup(cgroup, id), 'memory.max'), String(32 * mebi));
  assert.equal(read(containerCgroup(cgroup, id), 'cpu.max'), '10000 100000');
  await remove('overhead', cgroup);
});

test('a pod with resources as a whole: its cgroup is slowed down before its limit', async () => {
  const resources = { requests: { cpu: '50m', memory: '16Mi' }, limits: { memory: '64Mi' } };
  const { uid, id } = await run(aPod('whole', {}, { resources }));
  const cgroup = podCgroup(burstable, uid);
  assert.equal(read(cgroup, 'memory.max'), String(64 * mebi));
  assert.equal(read(cgroup, 'memory.low'), String(16 * mebi));
  assert.equal(read(cgroup, 'memory.high'), String(Math.floor((16 * mebi + 0.9 * 48 * mebi) / 4096) * 4096));
  assert.equal(read(containerCgroup(cgroup, id), 'memory.high'), 'max');
  await remove('whole', cgroup);
});

test('of the node’s swap a burstable container has as much as it asks for of its memory', async () => {
  const { uid, id } = await run(aPod('swaps', { requests: { memory: '64Mi' }, limits: { memory: '96Mi' } }));
  const cgroup = podCgroup(burstable, uid);
  const swap = Number((await sh("awk '/^SwapTotal/ {print $2}' /proc/meminfo")).trim()) * 1024;
  const share = Math.floor(((64 * mebi) / memTotal) * swap);
  const given = Number(read(containerCgroup(cgroup, id), 'memory.swap.max'));
  assert.ok(swap > 0 && Math.abs(given - share) <= 4096, `${given} of ${swap}, wanted ${share}`);
  await remove('swaps', cgroup);
});

test('a pod grows and shrinks in place', async () => {
  const sized = (cpu: string, memory: string, generation: number): ApiObject => {
    const resources = { requests: { cpu, memory }, limits: { cpu: '400m', memory: '128Mi' } };
    const pod = aPod('sized', resources);
    return { ...pod, metadata: { ...pod.metadata, generation } };
  };
  const { uid, id } = await run(sized('100m', '32Mi', 1));
  const cgroup = podCgroup(burstable, uid);
  const container = containerCgroup(cgroup, id);
  const resize = async (limits: object, requests: object, generation: number) => {
    const known = api.get(pathOf('sized'));
    assert.ok(known);
    const { spec } = aPod('sized', { requests, limits });
    api.put(pathOf('sized'), { ...known, metadata: { ...known.metadata, generation }, spec });
  };
  assert.equal(read(cgroup, 'cpu.max'), '40000 100000');
  assert.equal(read(cgroup, 'cpu.weight'), String(weightOfMilli(100)));
  const before = Number(read(container, 'cpu.weight'));

  await resize({ cpu: '600m', memory: '192Mi' }, { cpu: '300m', memory: '64Mi' }, 2);
  await soon('more CPU', () => (read(cgroup, 'cpu.max') === '60000 100000' ? true : undefined));
  await soon('the container’s', () => (read(container, 'cpu.max') === '60000 100000' ? true : undefined));
  await soon('told', () => podStatus('sized')?.containerStatuses?.[0]?.resources?.limits?.cpu === '600m' || undefined);
  assert.equal(read(cgroup, 'memory.max'), String(192 * mebi));
  assert.equal(read(container, 'memory.max'), String(192 * mebi));
  assert.equal(read(cgroup, 'memory.low'), String(64 * mebi));
  assert.equal(read(cgroup, 'cpu.weight'), String(weightOfMilli(300)));
  assert.equal(read(burstable, 'cpu.weight'), String(weightOfMilli(300)));
  assert.ok(Number(read(container, 'cpu.weight')) > before);

  await resize({ cpu: '200m', memory: '96Mi' }, { cpu: '100m', memory: '16Mi' }, 3);
  await soon(
    'told',
    () => podStatus('sized')?.containerStatuses?.[0]?.resources?.limits?.memory === '96Mi' || undefined,
  );
  assert.equal(read(cgroup, 'cpu.max'), '20000 100000');
  assert.equal(read(cgroup, 'memory.max'), String(96 * mebi));
  assert.equal(read(container, 'memory.max'), String(96 * mebi));
  assert.equal(read(cgroup, 'memory.low'), String(16 * mebi));
  assert.equal(read(container, 'memory.low'), String(16 * mebi));
  assert.equal(read(container, 'memory.high'), String(Math.floor((16 * mebi + 0.9 * 80 * mebi) / 4096) * 4096));
  assert.equal(read(burstable, 'memory.low'), String(16 * mebi));
  assert.equal(podStatus('sized')?.containerStatuses?.[0]?.restartCount, 0);
  await remove('sized', cgroup);
});

test('a node short of memory says so, and evicts who uses most beyond what it asked for', async () => {
  const available = Number((await sh("awk '/^MemAvailable/ {print $2}' /proc/meminfo")).trim()) * 1024;
  const threshold = Math.floor(available / mebi) - 250;
  await configureKubelet({ ...settings, evictionHard: { 'memory.available': `${threshold}Mi` } });
  await restartKubelet();
  const { uid } = await run(aPod('hog', {}, {}, 'dd if=/dev/zero of=/dev/null bs=400M count=999999'));
  await soon('an evicted pod', () => (podStatus('hog')?.reason === 'Evicted' ? true : undefined));
  assert.equal(podStatus('hog')?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.status, 'True');
  await soon('pressure', () => (conditionOf('MemoryPressure') === 'True' ? true : undefined));
  await remove('hog', podCgroup(bestEffort, uid));
});

test('without MemoryQoS nothing is guarded or slowed any more', async () => {
  const { memoryReservationPolicy: _policy, memoryThrottlingFactor: _factor, ...rest } = settings;
  await configureKubelet({ ...rest, featureGates: { MemoryQoS: false } });
  await restartKubelet();
  const { uid, id } = await run(aPod('plain', { requests: { memory: '16Mi' }, limits: { memory: '64Mi' } }));
  const cgroup = podCgroup(burstable, uid);
  assert.equal(read(cgroup, 'memory.low'), '0');
  assert.equal(read(containerCgroup(cgroup, id), 'memory.high'), 'max');
  assert.equal(read(kubepods, 'memory.min'), '0');
  assert.equal(read(burstable, 'memory.low'), '0');
  await remove('plain', cgroup);
  await sh('systemctl stop kubelet');
});
