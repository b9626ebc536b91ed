import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { fakeApi } from '../../api/fake.ts';
import type { ApiObject } from '../../api/port.ts';
import type { Node } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { type NodeManagerOptions, nodeManager } from './manager.ts';
import { aMachine } from './test-machine.ts';

const path = '/api/v1/nodes/n1';

function start(more: Partial<NodeManagerOptions> = {}, existing?: ApiObject) {
  const api = fakeApi(existing === undefined ? {} : { [path]: existing });
  const clock = new FakeClock();
  const journal = memoryJournal();
  const stop = new AbortController();
  const errors: string[] = [];
  const podCidrs: string[] = [];
  const manager = nodeManager({
    api,
    clock,
    journal,
    name: 'n1',
    nodeIp: '',
    findIps: async () => ['172.18.0.2'],
    machine: aMachine(),
    storageBytes: 2 ** 40,
    settings: { maxPods: 110, podsPerCore: 0, systemReserved: {}, kubeReserved: {}, evictionHard: {} },
    registration: {
      labels: {},
      taints: [],
      providerId: '',
      controllerAttachDetach: true,
      externalCloudProvider: false,
    },
    registerNode: true,
    updateEveryMs: 10_000,
    reportEveryMs: 300_000,
    runtime: () => ({
      runtimeVersion: 'containerd://2',
      runtimeHandlers: [],
      supplementalGroupsPolicy: false,
      declaredFeatures: [],
    }),
    kubeletVersion: 'v1.37.2',
    port: 10250,
    maxImages: 50,
    listImages: async () => [],
    health: () => ({ memoryPressure: false, diskPressure: false, pidPressure: false, errors }),
    onPodCidr: (cidr) => podCidrs.push(cidr),
    ...more,
  });
  const done = manager.run(stop.signal);
  return {
    api,
    clock,
    journal,
    manager,
    errors,
    podCidrs,
    node: () => api.at(path) as Node | undefined,
    kinds: () => journal.records.map(({ kind }) => kind),
    patches: () => api.requests.filter(({ method, path: at }) => method === 'PATCH' && at === `${path}/status`),
    /** Moves the clock, and lets what follows from that come to rest. */
    settle: async (ms = 0) => {
      await clock.advance(ms);
      for (let i = 0; i < 5; i += 1) await clock.advance(0);
    },
    end: () => {
      stop.abort();
      return done;
    },
  };
}

describe('registration', () => {
  test('creates the node with its status', async () => {
    const run = start();
    await run.settle();
    expect(run.node()?.status).toMatchObject({ capacity: { cpu: '2', pods: '110' } });
    expect(run.node()?.status?.conditions?.map(({ type }) => type)).toContain('Ready');
    expect(run.manager.node()?.metadata?.name).toBe('n1');
    expect(run.kinds()).toContain('node.registered');
    await run.end();
  });

  test('is tried again, further and further apart, while the API server is away', async () => {
    const run = start();
    for (let i = 0; i < 3; i += 1) run.api.failNext('POST /api/v1/nodes', new ApiError(0, 'Unreachable', 'refused'));
    await run.settle();
    for (let i = 0; i < 4; i += 1) await run.settle(1000);
    expect(run.journal.records.filter(({ kind }) => kind === 'node.registrationFailed').length).toBeGreaterThan(0);
    expect(run.node()).toBeDefined();
    await run.end();
  });

  test('of a node that is there keeps what users gave it', async () => {
    const existing = {
      metadata: { name: 'n1', labels: { mine: 'yes' } },
      spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] },
      status: { nodeInfo: { bootID: 'boot-0' } },
    };
    const run = start({}, existing);
    await run.settle();
    expect(run.node()?.metadata?.labels).toMatchObject({ mine: 'yes', 'kubernetes.io/hostname': 'n1' });
    expect(run.podCidrs).toEqual(['10.244.1.0/24']);
    expect(run.journal.records).toContainEqual({ kind: 'node.registered', node: 'n1', before: true });
    expect(run.journal.records).toContainEqual({ kind: 'node.rebooted', node: 'n1', bootId: 'boot-1' });
    await run.end();
  });

  test('is left to others with registerNode off', async () => {
    const run = start({ registerNode: false });
    await run.settle();
    expect(run.node()).toBeUndefined();
    await run.end();
  });

  test('happens anew when someone deletes the node', async () => {
    const run = start();
    await run.settle();
    run.api.take(path);
    await run.settle(100);
    expect(run.node()).toBeDefined();
    await run.end();
  });
});

describe('reports', () => {
  test('nothing is sent while nothing changes', async () => {
    const run = start();
    await run.settle();
    const before = run.patches().length;
    for (let i = 0; i < 3; i += 1) await run.settle(10_500);
    expect(run.patches().length - before).toBeLessThanOrEqual(1);
    await run.end();
  });

  test('readiness is told at once', async () => {
    const run = start();
    run.errors.push('network state unknown');
    await run.settle();
    expect(run.node()?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    run.errors.length = 0;
    run.manager.updateSoon();
    await run.settle();
    expect(run.node()?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect(run.journal.records).toContainEqual({ kind: 'node.condition', node: 'n1', reason: 'NodeReady' });
    await run.end();
  });

  test('a second failure in one round gives up the connection', async () => {
    const run = start();
    await run.settle();
    let closed = 0;
    run.api.closeConnections = () => {
      closed += 1;
    };
    run.errors.push('container runtime is down');
    for (let i = 0; i < 2; i += 1) run.api.failNext(`PATCH ${path}/status`, new ApiError(0, 'Unreachable', 'gone'));
    run.manager.updateSoon();
    await run.settle();
    expect(closed).toBe(1);
    expect(run.node()?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    await run.end();
  });
});

test('cordoning is an Event', async () => {
  const run = start();
  await run.settle();
  run.api.put(path, { ...run.api.at(path), spec: { unschedulable: true } } as ApiObject);
  await run.settle();
  expect(run.journal.records).toContainEqual({ kind: 'node.schedulable', node: 'n1', schedulable: false });
  await run.end();
});

test('standalone there is no node, but there are addresses and a size', async () => {
  const run = start({ api: undefined });
  await run.manager.prepare();
  await run.end();
  expect(run.manager.node()).toBeUndefined();
  expect(run.manager.allocatable()).toMatchObject({ cpu: '2' });
});
