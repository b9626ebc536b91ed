import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { createJournal } from '../../journal/journal.ts';
import { deviceAllocator, idsOf } from '../devices/allocator.ts';
import type { DevicePlugin } from '../devices/plugin.ts';
import { aContainer, aPod, aSeen, aSeenPod, running as isRunning, noon } from '../test-builders.ts';
import { formatCpuSet } from './cpu/cpu-set.ts';
import type { CpuPolicyOptions } from './cpu/options.ts';
import { buildTopology } from './cpu/test-topologies.ts';
import { openPlacement, type TopologySettings } from './index.ts';
import type { MachineTopology } from './machine-topology.ts';

const gib = 2 ** 30;
const plain: CpuPolicyOptions = {
  fullPhysicalCpusOnly: false,
  distributeAcrossNuma: false,
  alignBySocket: false,
  distributeAcrossCores: false,
  strictReservation: false,
  preferFewCaches: false,
};
const settings: TopologySettings = {
  policy: 'none',
  scope: 'container',
  preferClosest: false,
  maxNodes: 8,
  reconcileMs: 10_000,
  cpu: { policy: 'static', options: plain, reservedCpus: undefined, reservedMilli: 1000 },
  memory: { policy: 'None', reserved: [], nodeReserved: new Map() },
};
const machine: MachineTopology = {
  cpus: buildTopology({ cores: 4, threads: 2, sockets: 2 }),
  nodes: [0, 1].map((id) => ({ id, memoryBytes: 4 * gib, hugePages: new Map(), distances: [10, 20] })),
};

const needing = (name: string, cpu: string, memory = '1Gi') =>
  aContainer(name, { resources: { limits: { cpu, memory }, requests: { cpu, memory } } });
const guaranteed = (uid: string, cpu: string, memory = '1Gi'): Pod =>
  aPod({ containers: [needing('main', cpu, memory)] }, { uid, name: uid });

let rootDir: string;
beforeEach(() => {
  rootDir = mkdtempSync(join(tmpdir(), 'placement-'));
});
// A checkpoint of the last test may still be on its way.
afterEach(() => rmSync(rootDir, { recursive: true, maxRetries: 5 }));

const gpu = 'x.io/gpu';
const aPlugin: DevicePlugin = {
  socket: '/run/gpu.sock',
  options: { preStartRequired: false, getPreferredAllocationAvailable: false },
  async *devices() {},
  allocate: async () => new Uint8Array(),
  preferred: async () => [],
  preStart: async () => undefined,
  close: () => undefined,
};
const withGpus = (uid: string, cpu: string, ...counts: number[]): Pod =>
  aPod(
    {
      containers: counts.map((count, i) => {
        const amounts = { cpu, memory: '1Gi', [gpu]: String(count) };
        return aContainer(`c${i}`, { resources: { limits: amounts, requests: amounts } });
      }),
    },
    { uid, name: uid },
  );

/** A node whose runtime remembers which CPUs it was told of. */
function open(more: Partial<TopologySettings> = {}, gpus: Readonly<Record<string, readonly number[]>> = {}) {
  const clock = new FakeClock(noon);
  const updates: string[] = [];
  const running: Pod[] = [];
  const devices = new Map(
    Object.entries(gpus).map(([id, numaNodes]) => [id, { id, healthy: true, numaNodes }] as const),
  );
  const allocator = deviceAllocator({
    clock,
    journal: createJournal(clock, []),
    resource: (name) => (name === gpu ? { plugin: aPlugin, devices } : undefined),
    runs: () => false,
    entries: [],
    onChange: () => undefined,
  });
  const placement = openPlacement({
    rootDir,
    clock,
    journal: createJournal(clock, []),
    settings: { ...settings, ...more },
    machine: () => machine,
    devices: allocator,
    runtime: {
      updateContainerResources: async (id, { cpusetCpus }) => {
        updates.push(`${id} ${cpusetCpus}`);
      },
    },
    cache: {
      get: (uid) => aSeenPod([aSeen('main', isRunning, { id: `${uid}-main` })]),
    },
    activePods: () => running,
    sourcesReady: () => true,
  });
  async function admit(pod: Pod): Promise<string> {
    const answer = await placement.admit(pod, running);
    if (answer.kind === 'refused') return `${answer.reason}: ${answer.message}`;
    running.push(pod);
    const list = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    return list.map(({ name }) => formatCpuSet(placement.heldBy(pod.metadata?.uid ?? '', name).cpus)).join(' ');
  }
  const gpusOf = (uid: string): string =>
    allocator
      .entries()
      .filter(({ podUid }) => podUid === uid)
      .map((entry) => idsOf(entry).join())
      .join(' ');
  return { placement, admit, running, updates, clock, gpusOf };
}

describe('devices', () => {
  const gpus = { g0: [1], g1: [0], g2: [1], g3: [0] };

  test('lie where the CPUs are', async () => {
    const { admit, gpusOf } = open({ policy: 'single-numa-node' }, gpus);
    expect(await admit(withGpus('a', '2', 2))).toBe('1,5');
    expect(gpusOf('a')).toBe('g1,g3');
    expect(await admit(withGpus('b', '2', 1, 1))).toBe('2,6 3,7');
    expect(gpusOf('b')).toBe('g0 g2');
  });

  test('decide where the CPUs are', async () => {
    const { admit } = open({ policy: 'restricted' }, { g0: [1] });
    expect(await admit(withGpus('a', '2', 1))).toBe('2,6');
  });

  test.each<[string, Partial<TopologySettings>, string]>([
    ['no one node has as many', { policy: 'single-numa-node' }, 'TopologyAffinityError'],
    ['for the pod as a whole', { policy: 'single-numa-node', scope: 'pod' }, 'TopologyAffinityError'],
    ['the best that can be had', { policy: 'best-effort' }, '1,5'],
    ['it does not matter', {}, '1,5'],
  ])('%s', async (_name, more, expected) =>
    expect(await open(more, gpus).admit(withGpus('a', '2', 3))).toContain(expected),
  );

  test('of pods at once are never the same', async () => {
    const { admit, gpusOf } = open({}, { g0: [], g1: [] });
    const answers = await Promise.all(['a', 'b', 'c'].map((uid) => admit(withGpus(uid, '100m', 1))));
    expect(answers[2]).toContain('requested number of devices unavailable for x.io/gpu. Requested: 1, Available: 0');
    expect([gpusOf('a'), gpusOf('b')]).toEqual(['g0', 'g1']);
  });

  test('of init containers are used again', async () => {
    const { admit, gpusOf } = open({ policy: 'single-numa-node' }, { g0: [1], g1: [0] });
    const amounts = { cpu: '2', memory: '1Gi', [gpu]: '1' };
    const one = (name: string) => aContainer(name, { resources: { limits: amounts, requests: amounts } });
    await admit(aPod({ initContainers: [one('init')], containers: [one('main')] }, { uid: 'a', name: 'a' }));
    expect(gpusOf('a')).toBe('g1 g1');
  });
});

describe('CPUs', () => {
  test.each<[string, Pod, string]>([
    ['a core of its own', guaranteed('a', '2'), '1,5'],
    ['a whole NUMA node, beside what is reserved', guaranteed('a', '4'), '2-3,6-7'],
    ['parts of CPUs are shared', guaranteed('a', '1500m'), ''],
    [
      'a burstable pod shares',
      aPod({ containers: [aContainer('main', { resources: { requests: { cpu: '2' } } })] }),
      '',
    ],
    [
      'more than there is',
      guaranteed('a', '8'),
      'UnexpectedAdmissionError: Allocate failed due to not enough cpus available to satisfy request: requested=8, available=7, which is unexpected',
    ],
    [
      'init containers’ CPUs are used again, sidecars’ are not',
      aPod({
        initContainers: [needing('init', '2'), { ...needing('side', '2'), restartPolicy: 'Always' }],
        containers: [needing('main', '2')],
      }),
      '1,5 1,5 2,6',
    ],
  ])('%s', async (_name, pod, expected) => expect(await open().admit(pod)).toBe(expected));

  test('CPUs of pods that are gone are free', async () => {
    const { admit, running, placement } = open();
    await admit(guaranteed('a', '6'));
    expect(await admit(guaranteed('b', '2'))).toContain('not enough cpus');
    running.length = 0;
    expect(await admit(guaranteed('b', '2'))).toBe('1,5');
    expect(formatCpuSet(placement.heldBy('a', 'main').cpus)).toBe('');
  });

  test('what an ended init container alone had is free when the next one starts', async () => {
    const { admit, placement } = open();
    const pod = aPod({
      initContainers: [needing('init', '4')],
      containers: [needing('main', '2'), needing('shell', '500m')],
    });
    expect(await admit(pod)).toBe('2-3,6-7 1,5 ');
    expect(placement.startOn(pod, needing('main', '2'))).toEqual({ cpusetCpus: '1,5', cpusetMems: '' });
    expect(placement.startOn(pod, needing('shell', '500m')).cpusetCpus).toBe('0,2-4,6-7');
  });

  test.each<[string, Partial<CpuPolicyOptions>, string, string]>([
    [
      'half a core',
      { fullPhysicalCpusOnly: true },
      '3',
      'SMTAlignmentError: SMT Alignment Error: requested 3 cpus not multiple cpus per core = 2',
    ],
    [
      'cores that are whole',
      { fullPhysicalCpusOnly: true },
      '8',
      'SMTAlignmentError: SMT Alignment Error: not enough free physical CPUs: available physical CPUs = 6, requested CPUs = 8, CPUs per core = 2',
    ],
    ['one thread a core', { distributeAcrossCores: true }, '2', '1,4'],
  ])('options: %s', async (_name, options, cpu, expected) =>
    expect(
      await open({ cpu: { ...settings.cpu, options: { ...plain, ...options } } }).admit(guaranteed('a', cpu)),
    ).toBe(expected),
  );

  test('strictly reserved CPUs are nobody’s', async () => {
    const { placement } = open({
      cpu: { ...settings.cpu, reservedCpus: '0,4', options: { ...plain, strictReservation: true } },
    });
    expect(placement.startOn(aPod(), aContainer('main')).cpusetCpus).toBe('1-3,5-7');
  });

  test('containers that run are moved off CPUs that became another’s, once', async () => {
    const { admit, placement, updates, clock } = open();
    const sharing = aPod({}, { uid: 'shared' });
    await admit(sharing);
    placement.startOn(sharing, aContainer('main'));
    const stop = new AbortController();
    const run = placement.run(stop.signal);
    const round = async () => {
      await clock.advance(10_000);
      while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    };
    await round();
    expect(updates).toEqual([]);
    await admit(guaranteed('own', '2'));
    placement.startOn(guaranteed('own', '2'), needing('main', '2'));
    await round();
    await round();
    expect(updates).toEqual(['shared-main 0,2-4,6-7']);
    stop.abort();
    await run;
  });

  test('a restarted kubelet goes on with what it gave', async () => {
    await open().admit(guaranteed('a', '2'));
    const later = open();
    expect(formatCpuSet(later.placement.heldBy('a', 'main').cpus)).toBe('1,5');
    later.running.push(guaranteed('a', '2'));
    expect(await later.admit(guaranteed('b', '2'))).toBe('2,6');
  });
});

describe('what an earlier run left', () => {
  test.each<[string, Partial<TopologySettings>, string]>([
    [
      'another policy',
      { cpu: { ...settings.cpu, policy: 'none' } },
      'configured policy "none" differs from state checkpoint policy "static"',
    ],
    [
      'other reservations',
      { cpu: { ...settings.cpu, reservedCpus: '1' } },
      'not all reserved cpus are present in defaultCpuSet',
    ],
    ['nothing reserved', { cpu: { ...settings.cpu, reservedMilli: 0 } }, 'to be greater than zero'],
  ])('%s', async (_name, more, expected) => {
    await open().admit(guaranteed('a', '2'));
    expect(() => open(more)).toThrow(expected);
  });
  test('without policies nothing is decided, and files say so', async () => {
    const none = open({ cpu: { ...settings.cpu, policy: 'none' } });
    expect(await none.admit(guaranteed('a', '99'))).toBe('');
    expect(none.placement.startOn(guaranteed('a', '2'), needing('main', '2'))).toEqual({
      cpusetCpus: '',
      cpusetMems: '',
    });
    expect(JSON.parse(readFileSync(join(rootDir, 'cpu_manager_state'), 'utf8')).policyName).toBe('none');
  });
});

describe('NUMA nodes', () => {
  const memory: TopologySettings['memory'] = {
    policy: 'Static',
    reserved: [{ node: 0, bytes: new Map([['memory', gib]]) }],
    nodeReserved: new Map([['memory', gib]]),
  };
  test.each<[string, Partial<TopologySettings>, Pod, string]>([
    ['CPUs go where the memory is', { policy: 'single-numa-node' }, guaranteed('a', '2', '4Gi'), '2,6'],
    [
      'nowhere is there enough of both',
      { policy: 'single-numa-node' },
      guaranteed('a', '5', '1Gi'),
      'TopologyAffinityError: Resources cannot be allocated with Topology locality',
    ],
    ['two nodes are needed and taken', { policy: 'restricted' }, guaranteed('a', '6', '6Gi'), '1-3,5-7'],
    ['best effort takes what there is', { policy: 'best-effort' }, guaranteed('a', '5', '1Gi'), '2-4,6-7'],
    [
      'the pod as a whole lies on one node',
      { policy: 'single-numa-node', scope: 'pod' },
      aPod({ containers: [needing('one', '2'), needing('two', '2')] }),
      '2,6 3,7',
    ],
  ])('%s', async (_name, more, pod, expected) => expect(await open({ memory, ...more }).admit(pod)).toBe(expected));

  test('a container is bound to the nodes of its memory', async () => {
    const { admit, placement } = open({ memory });
    const pod = guaranteed('a', '500m', '4Gi');
    await admit(pod);
    expect(placement.startOn(pod, needing('main', '500m', '4Gi')).cpusetMems).toBe('1');
  });
  test('reservations that do not add up are refused', () =>
    expect(() => open({ memory: { ...memory, nodeReserved: new Map([['memory', 2 * gib]]) } })).toThrow(
      'the total amount "1Gi" of type "memory" is not equal to the value "2Gi"',
    ));
});
