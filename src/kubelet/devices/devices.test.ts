import { expect, test } from 'vitest';
import { ContainerAllocateResponse } from '../../cri/generated/deviceplugin.ts';
import { aContainer, aPod, aSidecar } from '../test-builders.ts';
import { parseDeviceCheckpoint, renderDeviceCheckpoint } from './checkpoint.ts';
import { chooseDevices, type Device, type DeviceNeeds, decideDevices } from './decide.ts';
import { mergeResponses } from './index.ts';
import { renderPodResources } from './pod-resources.ts';
import { findRegistrationProblem } from './registration.ts';

const aDevice = (id: string, healthy = true): [string, Device] => [id, { id, healthy, numaNodes: [] }];
const three = new Map([aDevice('a'), aDevice('b'), aDevice('c')]);
const decide = (needs: Partial<DeviceNeeds>) =>
  decideDevices('u1', 'main', {
    resource: 'x.io/y',
    required: 1,
    held: undefined,
    reusable: new Set(),
    devices: three,
    inUse: new Set(),
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
  const { containers } = renderPodResources(pod, entries, (_uid, name) =>
    name === 'main' ? { cpus: new Set([3, 2]), memory: [block] } : { cpus: new Set(), memory: [] },
  );
  expect(containers.map(({ name }) => name)).toEqual(['side', 'main']);
  expect(containers[0]?.devices).toEqual([{ resourceName: 'x.io/y', deviceIds: ['a'], topology: undefined }]);
  expect(containers[1]?.devices.map(({ deviceIds, topology }) => [deviceIds, topology?.nodes[0]?.ID])).toEqual([
    [['b'], 0n],
    [['c', 'd'], 1n],
  ]);
  expect(containers.map(({ cpuIds }) => cpuIds)).toEqual([[], [2n, 3n]]);
  expect(containers[1]?.memory).toEqual([{ memoryType: 'memory', size: 2n ** 20n, topology: { nodes: [{ ID: 1n }] } }]);
});
