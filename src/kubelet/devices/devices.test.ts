import { expect, test } from 'vitest';
import { ContainerAllocateResponse } from '../../cri/generated/deviceplugin.ts';
import type { ClaimInUse } from '../dynamic-resources/index.ts';
import type { Plugin } from '../plugins/index.ts';
import { aContainer, aPod, aSidecar } from '../test-builders.ts';
import { nodesOf } from '../topology/hints.ts';
import { parseDeviceCheckpoint, renderDeviceCheckpoint } from './checkpoint.ts';
import { chooseDevices, type Device, type DeviceNeeds, decideDevices } from './decide.ts';
import { computeDeviceHints, type HintNeeds } from './hints.ts';
import { mergeResponses } from './index.ts';
import { renderPodResources } from './pod-resources.ts';
import { findPluginProblem, findRegistrationProblem } from './registration.ts';

const aDevice = (id: string, healthy = true, ...numaNodes: number[]): [string, Device] => [
  id,
  { id, healthy, numaNodes },
];
/** Two of each of two nodes, and one that says nothing. */
const spread = new Map([
  aDevice('0a', true, 0),
  aDevice('1a', true, 1),
  aDevice('0b', true, 0),
  aDevice('1b', true, 1),
  aDevice('none'),
]);
const three = new Map([aDevice('a'), aDevice('b'), aDevice('c')]);
const decide = (needs: Partial<DeviceNeeds>) =>
  decideDevices('u1', 'main', {
    resource: 'x.io/y',
    required: 1,
    held: undefined,
    reusable: new Set(),
    devices: three,
    inUse: new Set(),
    near: undefined,
    ...needs,
  });

test.each<[string, Partial<DeviceNeeds>, object]>([
  [
    'from those that are free',
    { required: 2, inUse: new Set(['a']) },
    { taken: [], missing: 2, available: ['b', 'c'] },
  ],
  [
    'first those of init containers that have ended',
    { required: 2, reusable: new Set(['a']), inUse: new Set(['a']) },
    { taken: ['a'], missing: 1, available: ['b', 'c'] },
  ],
  [
    'some of the NUMA node that the rest comes from',
    { devices: spread, near: 0b10 },
    { taken: [], missing: 1, available: ['1a', '1b'] },
  ],
  [
    'all of that node, then of others, those without one last',
    { devices: spread, near: 0b01, required: 3 },
    { taken: ['0a', '0b'], missing: 1, available: ['1a', '1b', 'none'] },
  ],
  ['a node means nothing to devices that have none', { near: 0b01 }, { taken: [], available: ['a', 'b', 'c'] }],
  ['what it holds, it keeps', { held: new Set(['b']) }, { kind: 'nothing' }],
  ['none are asked for', { required: 0 }, { kind: 'nothing' }],
  [
    'too few are free',
    { required: 2, inUse: new Set(['a', 'b']) },
    { because: 'requested number of devices unavailable for x.io/y. Requested: 2, Available: 1' },
  ],
  ['no plugin', { devices: undefined }, { because: 'cannot allocate unregistered device x.io/y' }],
  [
    'none is healthy',
    { devices: new Map([aDevice('a', false)]) },
    { because: 'no healthy devices present; cannot allocate unhealthy devices x.io/y' },
  ],
  [
    'one that it holds fell ill',
    { held: new Set(['a']), devices: new Map([aDevice('a', false), aDevice('b')]) },
    { because: 'previously allocated devices are no longer healthy; cannot allocate unhealthy devices x.io/y' },
  ],
  [
    'it asks for another number',
    { required: 2, held: new Set(['a']) },
    { because: 'pod "u1" container "main" changed request for resource "x.io/y" from 1 to 2' },
  ],
])('%s', (_name, needs, decision) => expect(decide(needs)).toMatchObject(decision));

test.each<[string, Partial<HintNeeds>, Record<string, boolean>]>([
  ['one of either node', { required: 1 }, { '0': true, '1': true, '0,1': false }],
  ['more than a node has', { required: 3 }, { '0,1': true }],
  [
    'a node whose devices are taken',
    { required: 2, available: new Set(['0a', '1a', '1b']) },
    { '1': true, '0,1': false },
  ],
  ['both nodes, as neither has enough left', { required: 2, available: new Set(['0a', '1a']) }, { '0,1': false }],
  [
    'those that are used again, and where more lie',
    { required: 2, reusable: new Set(['1a']), available: new Set(['0a', '1b']) },
    { '1': true, '0,1': false },
  ],
  ['more than there are', { required: 5, available: new Set(['0a', '0b', '1a', '1b']) }, {}],
])('hints: %s', (_name, needs, expected) => {
  const available = new Set(['0a', '0b', '1a', '1b']);
  const hints = computeDeviceHints({
    ...{ devices: spread, available, reusable: new Set(), required: 1, machineNodes: [0, 1, 2] },
    ...needs,
  });
  expect(Object.fromEntries(hints.map(({ nodes = 0, preferred }) => [nodesOf(nodes).join(), preferred]))).toEqual(
    expected,
  );
});

test('the plugin has a say, but not about devices that are not free', () => {
  const decision = { kind: 'allocate', taken: ['x'], missing: 2, available: ['a', 'b', 'c'] } as const;
  expect(chooseDevices(decision, ['c', 'nobody', 'x'])).toEqual(['x', 'c', 'a']);
  expect(chooseDevices(decision, [])).toEqual(['x', 'a', 'b']);
});

// As upstream's kubelet writes it.
const upstreamFile =
  '{"Data":{"PodDeviceEntries":[{"PodUID":"u1","ContainerName":"c","ResourceName":"ex.com/r","DeviceIDs":{"-1":["x"],"0":["d1","d 2"]},"AllocResp":"CgL/"}],"RegisteredDevices":{"a/y":[],"b/z":["d1"]}},"Checksum":SUM}';

test.each([
  ['{"Data":{"PodDeviceEntries":[],"RegisteredDevices":{}},"Checksum":2932075448}'],
  ['{"Data":{"PodDeviceEntries":null,"RegisteredDevices":{}},"Checksum":3467439661}'],
  ['{"Data":{"PodDeviceEntries":null,"RegisteredDevices":null},"Checksum":1944006890}'],
  [
    '{"Data":{"PodDeviceEntries":[{"PodUID":"u1","ContainerName":"c","ResourceName":"ex.com/r","DeviceIDs":{"-1":["x"],"0":["d1","d 2"]},"AllocResp":"CgL/"},{"PodUID":"u2","ContainerName":"","ResourceName":"","DeviceIDs":null,"AllocResp":null}],"RegisteredDevices":{"a/y":[],"b/z":["d1"],"c/n":null}},"Checksum":1550613111}',
  ],
])('upstream’s file is read: %s', (file) => {
  expect(() => parseDeviceCheckpoint(file)).not.toThrow();
});

test('what was written is read again, and damage is seen', () => {
  const file = renderDeviceCheckpoint({
    entries: [
      {
        podUid: 'u1',
        container: 'c',
        resource: 'ex.com/r',
        devices: new Map([
          [0, ['d1', 'd 2']],
          [-1, ['x']],
        ]),
        response: Buffer.from([10, 2, 255]),
      },
    ],
    registered: new Map([
      ['b/z', ['d1']],
      ['a/y', []],
    ]),
  });
  expect(file.replace(/"DeviceIDs":\{"0":(.*?),"-1":(.*?)\}/, '"DeviceIDs":{"-1":$2,"0":$1}')).toBe(
    upstreamFile.replace('SUM', /"Checksum":(\d+)/.exec(file)?.[1] ?? ''),
  );
  const read = parseDeviceCheckpoint(file);
  expect(read.entries[0]?.devices.get(-1)).toEqual(['x']);
  expect(read.registered.get('b/z')).toEqual(['d1']);
  expect(() => parseDeviceCheckpoint(file.replace('d1', 'd9'))).toThrow('checkpoint is corrupted');
});

test.each<[string, Partial<Parameters<typeof findRegistrationProblem>[0]>, string | undefined]>([
  ['a proper request', {}, undefined],
  ['another version', { version: 'v1alpha' }, 'requested API version "v1alpha" is not supported'],
  ['a name without a domain', { resource: 'gpu' }, 'the ResourceName "gpu" is invalid'],
  ['a name of Kubernetes’ own', { resource: 'node.kubernetes.io/gpu' }, 'is invalid'],
  ['a way out of the folder', { endpoint: '../../run/docker.sock' }, 'no name of a socket'],
])('registration: %s', (_name, request, problem) => {
  const found = findRegistrationProblem({ version: 'v1beta1', endpoint: 'p.sock', resource: 'x.io/y', ...request });
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});

test.each<[string, Partial<Plugin>, string | undefined]>([
  ['a proper plugin', {}, undefined],
  ['one of several versions', { versions: ['v2', 'v1beta1'] }, undefined],
  ['another version', { versions: ['v2'] }, 'manager version, v1beta1, is not among plugin supported versions [v2]'],
  ['no resource’s name', { name: 'gpu' }, 'the ResourceName "gpu" is invalid'],
])('found by its socket: %s', (_name, plugin, problem) => {
  const found = findPluginProblem({ name: 'x.io/y', socket: '/run/p.sock', versions: ['v1beta1'], ...plugin });
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});

test('of two answers that set the same the first is heard', () => {
  const merged = mergeResponses([
    ContainerAllocateResponse.create({ envs: { A: '1' }, cdiDevices: [{ name: 'v/c=1' }] }),
    ContainerAllocateResponse.create({
      envs: { A: '2', B: '2' },
      mounts: [{ containerPath: '/x', hostPath: '/y', readOnly: true }],
      cdiDevices: [{ name: 'v/c=1' }],
    }),
  ]);
  expect(merged).toMatchObject({ envs: { A: '1', B: '2' }, cdiDevices: ['v/c=1'], mounts: [{ containerPath: '/x' }] });
});

test('what pods hold is told by container and NUMA node, sidecars too', () => {
  const pod = aPod({ initContainers: [aContainer('init'), aSidecar('side')] });
  const entry = (container: string, devices: [number, string[]][]) => ({
    podUid: 'uid-1',
    container,
    resource: 'x.io/y',
    devices: new Map(devices),
    response: new Uint8Array(),
  });
  const entries = [
    entry('side', [[-1, ['a']]]),
    entry('main', [
      [0, ['b']],
      [1, ['c', 'd']],
    ]),
  ];
  const block = { nodes: [1], resource: 'memory', bytes: 2 ** 20 };
  const claim: ClaimInUse = {
    uid: 'c1',
    name: 'gpu',
    namespace: 'default',
    podUids: new Set(['uid-1']),
    drivers: new Map([
      ['gpu.x.io', [{ pool: 'p', device: 'd', shareId: 's', requests: [], cdiIds: ['x.io/gpu=0', 'x.io/gpu=1'] }]],
    ]),
  };
  const { containers } = renderPodResources(
    pod,
    entries,
    (_uid, name) => (name === 'main' ? { cpus: new Set([3, 2]), memory: [block] } : { cpus: new Set(), memory: [] }),
    (_pod, { name }) => (name === 'side' ? [claim] : []),
  );
  const resource = {
    cdiDevices: [{ name: 'x.io/gpu=0' }, { name: 'x.io/gpu=1' }],
    driverName: 'gpu.x.io',
    poolName: 'p',
    deviceName: 'd',
    shareId: 's',
  };
  expect(containers.map(({ dynamicResources }) => dynamicResources)).toEqual([
    [{ claimName: 'gpu', claimNamespace: 'default', claimResources: [resource] }],
    [],
  ]);
  expect(containers.map(({ name }) => name)).toEqual(['side', 'main']);
  expect(containers[0]?.devices).toEqual([{ resourceName: 'x.io/y', deviceIds: ['a'], topology: undefined }]);
  expect(containers[1]?.devices.map(({ deviceIds, topology }) => [deviceIds, topology?.nodes[0]?.ID])).toEqual([
    [['b'], 0n],
    [['c', 'd'], 1n],
  ]);
  expect(containers.map(({ cpuIds }) => cpuIds)).toEqual([[], [2n, 3n]]);
  expect(containers[1]?.memory).toEqual([{ memoryType: 'memory', size: 2n ** 20n, topology: { nodes: [{ ID: 1n }] } }]);
});
