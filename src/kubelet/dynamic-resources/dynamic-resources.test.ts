import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { type FakeApi, fakeApi } from '../../api/fake.ts';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import {
  type Claim,
  DRAPluginService,
  type NodePrepareResourcesResponse,
  type NodeUnprepareResourcesResponse,
} from '../../cri/generated/dra.ts';
import {
  DRAResourceHealthService,
  HealthStatus,
  type NodeWatchResourcesResponse,
} from '../../cri/generated/drahealth.ts';
import { createJournal } from '../../journal/journal.ts';
import { createMetrics } from '../../journal/metrics.ts';
import type { JournalRecord } from '../../journal/record.ts';
import { parseClaims } from './checkpoint.ts';
import { type DynamicResources, dynamicResources } from './index.ts';

const driver = 'gpu.x.io';
const slices = '/apis/resource.k8s.io/v1/resourceslices';

let folder: string;
let api: FakeApi;
let clock: FakeClock;
let stop: AbortController;
let records: JournalRecord[];
let metrics: ReturnType<typeof createMetrics>;
let active: Pod[];
let ill: string[];
let servers: Server[];
let running: Promise<void>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dra-'));
  api = fakeApi();
  clock = new FakeClock();
  stop = new AbortController();
  [records, active, ill, servers, running] = [[], [], [], [], []];
  metrics = createMetrics();
});

afterEach(async () => {
  stop.abort();
  for (const server of servers) server.forceShutdown();
  await Promise.all(running);
  rmSync(folder, { recursive: true });
});

/** The manager of a kubelet that has just started in this folder. */
function aManager(): DynamicResources {
  const made = dynamicResources({
    rootDir: folder,
    nodeName: 'n1',
    api,
    clock,
    journal: createJournal(clock, [metrics.reader, (record) => void records.push(record)]),
    activePods: () => active,
    sourcesReady: () => true,
    onHealth: (uid) => void ill.push(uid),
  });
  running.push(made.run(stop.signal));
  return made;
}

interface Driver {
  readonly socket: string;
  readonly calls: string[];
  /** What it complains about, by claim; `undefined` as an answer: it says nothing of the claim. */
  readonly complaints: Map<string, string>;
  silent: boolean;
  health: ServerWritableStream<object, NodeWatchResourcesResponse> | undefined;
  readonly server: Server;
}

/** A driver's plugin as a real server, which gives each claim one device of the claim's name. */
async function aDriver(name = 'plugin.sock', version = 'v1'): Promise<Driver> {
  const server = new Server();
  const made: Driver = {
    socket: join(folder, name),
    calls: [],
    complaints: new Map(),
    silent: false,
    health: undefined,
    server,
  };
  const answered = <T>(method: string, claims: readonly Claim[], render: (claim: Claim, error: string) => T) => {
    made.calls.push(`${method} ${claims.map((c) => c.name).join(' ')}`);
    const told = made.silent ? [] : claims;
    return { claims: Object.fromEntries(told.map((c) => [c.uid, render(c, made.complaints.get(c.name) ?? '')])) };
  };
  const methods = Object.entries(DRAPluginService).map(([key, method]) => [
    key,
    { ...method, path: method.path.replace('v1.', `${version}.`) },
  ]);
  server.addService(Object.fromEntries(methods), {
    nodePrepareResources: (
      { request }: { request: { claims: Claim[] } },
      answer: (error: null, value: NodePrepareResourcesResponse) => void,
    ) =>
      answer(
        null,
        answered('prepare', request.claims, ({ name: claim }, error) => ({
          error,
          devices: [
            {
              requestNames: ['main'],
              poolName: 'n1',
              deviceName: claim,
              cdiDeviceIds: [`x.io/gpu=${claim}`],
              shareId: undefined,
            },
          ],
        })),
      ),
    nodeUnprepareResources: (
      { request }: { request: { claims: Claim[] } },
      answer: (error: null, value: NodeUnprepareResourcesResponse) => void,
    ) =>
      answer(
        null,
        answered('unprepare', request.claims, (_claim, error) => ({ error })),
      ),
  });
  server.addService(DRAResourceHealthService, {
    nodeWatchResources: (call: ServerWritableStream<object, NodeWatchResourcesResponse>) => {
      made.health = call;
    },
  });
  servers.push(server);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${made.socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return made;
}

const pluginOf = ({ socket }: Driver, versions = ['v1.DRAPlugin', 'v1.DRAResourceHealth']) => ({
  name: driver,
  socket,
  versions,
});

const claimPath = (name: string): string => `/apis/resource.k8s.io/v1/namespaces/shop/resourceclaims/${name}`;

/** A claim that the scheduler has given a device of the driver, for these pods. */
function putClaim(name: string, ...podUids: string[]): void {
  api.put(claimPath(name), {
    metadata: { name, namespace: 'shop', uid: `uid-of-${name}` },
    status: {
      reservedFor: podUids.map((uid) => ({ resource: 'pods', name: uid, uid })),
      allocation: { devices: { results: [{ driver, pool: 'n1', device: name, request: 'main' }] } },
    },
  } as never);
}

const aPod = (uid: string, ...claims: string[]): Pod => ({
  metadata: { name: `pod-${uid}`, namespace: 'shop', uid },
  spec: {
    containers: [{ name: 'main', resources: { claims: claims.map((name) => ({ name })) } }],
    resourceClaims: claims.map((name) => ({ name, resourceClaimName: name })),
  },
});
const main = (pod: Pod) => pod.spec?.containers[0] ?? { name: '' };
const saved = () => parseClaims(readFileSync(join(folder, 'dra_manager_state'), 'utf8'));
const told = <K extends JournalRecord['kind']>(kind: K) =>
  records.filter((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind);

test('a claim is made ready once for all pods that share it, and given back after the last', async () => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1', 'u2');
  const [first, second] = [aPod('u1', 'gpu'), aPod('u2', 'gpu')];
  await manager.prepare(first);
  await manager.prepare(second);
  expect(plugin.calls).toEqual(['prepare gpu']);
  expect(manager.cdiDevices(second, main(second))).toEqual(['x.io/gpu=gpu']);
  expect(saved().map(({ podUids }) => [...podUids])).toEqual([['u1', 'u2']]);
  expect(await metrics.all()).toContain('dra_resource_claims_in_use{driver_name="<any>"} 1');
  await manager.unprepare('u1');
  expect([manager.holds('u1'), manager.holds('u2')]).toEqual([false, true]);
  await manager.unprepare('u2');
  expect(plugin.calls).toEqual(['prepare gpu', 'unprepare gpu']);
  expect(saved()).toEqual([]);
  expect(await metrics.all()).toContain('dra_resource_claims_in_use{driver_name="<any>"} 0');
});

test('a pod without claims asks nobody', async () => {
  const manager = aManager();
  await manager.prepare(aPod('u1'));
  await manager.unprepare('u1');
  expect(api.requests.filter(({ method }) => method === 'GET')).toEqual([]);
});

test.each<[string, (plugin: Driver) => void, string]>([
  [
    'there is no such claim',
    () => api.take(claimPath('gpu')),
    `fetch ResourceClaim gpu: ${claimPath('gpu')} not found`,
  ],
  [
    'it is another pod’s',
    () => putClaim('gpu', 'u2'),
    'pod pod-u1 (u1) is not allowed to use ResourceClaim gpu (uid-of-gpu)',
  ],
  [
    'the driver complains',
    ({ complaints }) => complaints.set('gpu', 'it burns'),
    'NodePrepareResources failed for ResourceClaim gpu: it burns',
  ],
  [
    'the driver says nothing of it',
    (plugin) => Object.assign(plugin, { silent: true }),
    'NodePrepareResources skipped 1 ResourceClaims',
  ],
])('%s: the pod waits, its Event says why, and it is tried again', async (_name, spoil, problem) => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1');
  spoil(plugin);
  const pod = aPod('u1', 'gpu');
  await expect(manager.prepare(pod)).rejects.toThrow(`prepare dynamic resources: ${problem}`);
  expect(told('dynamic.prepareFailed').map(({ error }) => error)).toEqual([`prepare dynamic resources: ${problem}`]);
  putClaim('gpu', 'u1');
  plugin.complaints.clear();
  plugin.silent = false;
  await manager.prepare(pod);
  expect(manager.cdiDevices(pod, main(pod))).toEqual(['x.io/gpu=gpu']);
});

test('without its driver a pod waits, and can go without it', async () => {
  const manager = aManager();
  putClaim('gpu', 'u1');
  await expect(manager.prepare(aPod('u1', 'gpu'))).rejects.toThrow('DRA driver gpu.x.io is not registered');
  expect(manager.holds('u1')).toBe(false);
  await manager.unprepare('u1');
});

test('a kubelet that was started anew knows what pods have, and gives it back', async () => {
  const plugin = await aDriver();
  const before = aManager();
  await before.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1');
  const pod = aPod('u1', 'gpu');
  await before.prepare(pod);
  const manager = aManager();
  expect(manager.cdiDevices(pod, main(pod))).toEqual(['x.io/gpu=gpu']);
  await expect(manager.unprepare('u1')).rejects.toThrow(
    'unprepare dynamic resources: DRA driver gpu.x.io is not registered',
  );
  expect(manager.holds('u1')).toBe(true);
  await manager.handler.register(pluginOf(plugin));
  await manager.unprepare('u1');
  expect(plugin.calls).toEqual(['prepare gpu', 'unprepare gpu']);
});

test('what cannot be given back is not given to another, and is given back later', async () => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1', 'u2');
  await manager.prepare(aPod('u1', 'gpu'));
  plugin.complaints.set('gpu', 'busy');
  await expect(manager.unprepare('u1')).rejects.toThrow('NodeUnprepareResources failed for ResourceClaim gpu: busy');
  await expect(manager.prepare(aPod('u2', 'gpu'))).rejects.toThrow('ResourceClaim gpu is being unprepared');
  plugin.complaints.clear();
  await manager.unprepare('u1');
  await manager.prepare(aPod('u2', 'gpu'));
  expect(plugin.calls.at(-1)).toBe('prepare gpu');
});

test('what pods that are gone had is given back within a minute', async () => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1');
  putClaim('nic', 'u2');
  active = [aPod('u1', 'gpu'), aPod('u2', 'nic')];
  for (const pod of active) await manager.prepare(pod);
  active = active.slice(1);
  await clock.advance(60_000);
  await vi.waitFor(() => expect(plugin.calls.at(-1)).toBe('unprepare gpu'));
  expect(manager.holds('u2')).toBe(true);
});

test('a claim of the same name that is another one waits for the old one’s end', async () => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1');
  await manager.prepare(aPod('u1', 'gpu'));
  api.take(claimPath('gpu'));
  putClaim('gpu', 'u2');
  api.put(claimPath('gpu'), { ...api.at(claimPath('gpu')), metadata: { uid: 'another' } });
  await expect(manager.prepare(aPod('u2', 'gpu'))).rejects.toThrow(
    'old ResourceClaim with same name gpu and different UID uid-of-gpu still exists',
  );
});

test('the older version of the protocol is spoken to those who know no other', async () => {
  const manager = aManager();
  const plugin = await aDriver('old.sock', 'v1beta1');
  await manager.handler.register(pluginOf(plugin, ['v1beta1.DRAPlugin']));
  putClaim('gpu', 'u1');
  await manager.prepare(aPod('u1', 'gpu'));
  expect(plugin.calls).toEqual(['prepare gpu']);
});

test.each([
  [[], 'empty list of supported gRPC services'],
  [['v9.DRAPlugin'], 'none of services supported by the plugin (["v9.DRAPlugin"]) are supported by the kubelet'],
])('a plugin that offers %j is refused', async (versions, problem) => {
  const manager = aManager();
  const plugin = { name: driver, socket: '/nowhere', versions };
  await expect(manager.handler.register(plugin)).rejects.toThrow(
    `invalid supported gRPC versions of DRA driver plugin gpu.x.io at endpoint /nowhere: ${problem}`,
  );
});

test('of two plugins the newer one that is connected is asked', async () => {
  const manager = aManager();
  const [older, newer] = [await aDriver('old.sock'), await aDriver('new.sock')];
  await manager.handler.register(pluginOf(older));
  await manager.handler.register(pluginOf(newer));
  await vi.waitFor(() => expect(told('dynamic.connection')).toHaveLength(2));
  putClaim('gpu', 'u1');
  await manager.prepare(aPod('u1', 'gpu'));
  expect([older.calls, newer.calls]).toEqual([[], ['prepare gpu']]);
  newer.server.forceShutdown();
  await vi.waitFor(() => expect(told('dynamic.connection').at(-1)?.connected).toBe(false));
  await manager.unprepare('u1');
  expect(older.calls).toEqual(['unprepare gpu']);
});

test('what the node offers is taken away at the start, and when a driver is away for too long', async () => {
  const manager = aManager();
  const removals = () => api.requests.filter(({ method, path }) => method === 'DELETE' && path.startsWith(slices));
  await vi.waitFor(() => expect(removals()).toHaveLength(1));
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  await vi.waitFor(() => expect(told('dynamic.connection')).toHaveLength(1));
  await clock.advance(60_000);
  expect(removals()).toHaveLength(1);
  manager.handler.unregister(pluginOf(plugin));
  await clock.advance(29_000);
  expect(removals()).toHaveLength(1);
  await clock.advance(1000);
  await vi.waitFor(() => expect(removals()).toHaveLength(2));
});

test('a driver that is back in time keeps what it offers', async () => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  await vi.waitFor(() => expect(told('dynamic.connection')).toHaveLength(1));
  manager.handler.unregister(pluginOf(plugin));
  await clock.advance(10_000);
  await manager.handler.register(pluginOf(plugin));
  await vi.waitFor(() => expect(told('dynamic.connection').filter(({ connected }) => connected)).toHaveLength(2));
  await clock.advance(60_000);
  expect(api.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
});

test('an API server that refuses is asked again', async () => {
  api.failNext(`DELETE ${slices}`, new ApiError(401, 'Unauthorized', 'who are you?'));
  aManager();
  await vi.waitFor(() => expect(told('dynamic.slicesKept')).toHaveLength(1));
  await clock.advance(1000);
  await vi.waitFor(() => expect(api.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(2));
});

test('devices are as healthy as their driver says, and unknown when it says nothing', async () => {
  const manager = aManager();
  const plugin = await aDriver();
  await manager.handler.register(pluginOf(plugin));
  putClaim('gpu', 'u1');
  const pod = aPod('u1', 'gpu');
  await manager.prepare(pod);
  const state = () => manager.healthOf(pod, 'main')[0]?.resources[0];
  expect(manager.healthOf(pod, 'main')).toEqual([
    { name: 'claim:gpu', resources: [{ resourceID: 'x.io/gpu=gpu', health: 'Unknown' }] },
  ]);
  await vi.waitFor(() => expect(plugin.health).toBeDefined());
  const tell = (health: HealthStatus, message = '') =>
    plugin.health?.write({
      devices: [
        {
          device: { poolName: 'n1', deviceName: 'gpu' },
          health,
          message,
          lastUpdatedTime: 0n,
          healthCheckTimeoutSeconds: 10n,
        },
      ],
    });
  tell(HealthStatus.HEALTHY);
  await vi.waitFor(() => expect(state()?.health).toBe('Healthy'));
  expect(ill).toEqual(['u1']);
  tell(HealthStatus.UNHEALTHY, 'too hot');
  await vi.waitFor(() =>
    expect(state()).toEqual({ resourceID: 'x.io/gpu=gpu', health: 'Unhealthy', message: 'too hot' }),
  );
  await clock.advance(10_001);
  expect(state()?.health).toBe('Unknown');
});

test('whoever only looks at a pod whose claim is not made yet sees none', () => {
  const manager = aManager();
  const pod = aPod('u1', 'gpu');
  const unmade = {
    ...pod,
    spec: { ...pod.spec, resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpus' }] },
  };
  expect(manager.claimsOf(unmade as Pod, main(pod))).toEqual([]);
  expect(manager.healthOf(unmade as Pod, 'main')).toEqual([]);
  expect(() => manager.cdiDevices(unmade as Pod, main(pod))).toThrow('ResourceClaim not created yet');
});

test('a checkpoint that cannot be read stops the kubelet, and says what to do', () => {
  writeFileSync(join(folder, 'dra_manager_state'), '{');
  expect(() => aManager()).toThrow(/create ResourceClaim cache: .*dra_manager_state: .*; drain the node and remove/);
});
