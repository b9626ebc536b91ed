import { describe, expect, test } from 'vitest';
import type { NodeStatus } from '../../api/types.ts';
import type { Image } from '../../cri/port.ts';
import { changedFields, type NodeStatusInput, renderImages, renderNodeStatus, renderStatusPatch } from './status.ts';
import { aMachine } from './test-machine.ts';

const image = (id: string, size: number, names: Partial<Pick<Image, 'repoDigests' | 'repoTags'>> = {}): Image => ({
  id,
  size: BigInt(size),
  repoDigests: [],
  repoTags: [`${id}:1`],
  uid: undefined,
  username: '',
  spec: undefined,
  pinned: false,
  ...names,
});

const heartbeat = { lastHeartbeatTime: '2026-01-01T12:00:00Z', lastTransitionTime: '2026-01-01T11:00:00Z' };
const input: NodeStatusInput = {
  machine: aMachine(),
  capacity: { cpu: '2', memory: '4Gi' },
  allocatable: { cpu: '2', memory: '4Gi' },
  addresses: [{ type: 'InternalIP', address: '172.18.0.2' }],
  conditions: [{ type: 'Ready', status: 'True', ...heartbeat }],
  images: [],
  maxImages: 50,
  runtimeVersion: 'containerd://2.4.2',
  kubeletVersion: 'v1.37.2',
  port: 10250,
  runtimeHandlers: [],
  supplementalGroupsPolicy: true,
  declaredFeatures: [],
  volumesInUse: undefined,
};

describe('images', () => {
  test('the largest first, of equal ones the later id', () =>
    expect(renderImages([image('a', 1), image('b', 3), image('c', 1)], -1).map(({ names }) => names?.[0])).toEqual([
      'b:1',
      'c:1',
      'a:1',
    ]));
  test('not more than asked for', () => expect(renderImages([image('a', 1), image('b', 3)], 1)).toHaveLength(1));
  test('digests before tags, five names at most', () => {
    const names = { repoDigests: ['d1', 'd2', 'd3'], repoTags: ['t1', 't2', 't3'] };
    expect(renderImages([image('a', 7, names)], -1)).toEqual([{ names: ['d1', 'd2', 'd3', 't1', 't2'], sizeBytes: 7 }]);
  });
});

describe('a status', () => {
  test('tells the machine, the runtime and the port', () =>
    expect(renderNodeStatus(input)).toMatchObject({
      nodeInfo: {
        machineID: 'machine-1',
        systemUUID: 'system-1',
        bootID: 'boot-1',
        osImage: 'Debian GNU/Linux 13 (trixie)',
        containerRuntimeVersion: 'containerd://2.4.2',
        kubeletVersion: 'v1.37.2',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      features: { supplementalGroupsPolicy: true },
    }));
  test('tells of swap where there is some', () => {
    expect(renderNodeStatus(input).nodeInfo).not.toHaveProperty('swap');
    expect(renderNodeStatus({ ...input, machine: aMachine({ swapBytes: 5 }) }).nodeInfo).toMatchObject({
      swap: { capacity: 5 },
    });
  });
  test('names runtime handlers in order, the default one by an empty name', () => {
    const features = { recursiveReadOnlyMounts: true, userNamespaces: false };
    const runtimeHandlers = [
      { name: 'runc', ...features },
      { name: '', ...features },
    ];
    expect(renderNodeStatus({ ...input, runtimeHandlers }).runtimeHandlers).toEqual([
      { name: '', features },
      { name: 'runc', features },
    ]);
  });
});

describe('what is new', () => {
  const before = renderNodeStatus(input);
  const next = (more: Partial<NodeStatusInput>): NodeStatus => renderNodeStatus({ ...input, ...more });
  const ready = (status: string, at: string) => [{ type: 'Ready', status, ...heartbeat, lastHeartbeatTime: at }];

  test.each<[string, NodeStatus, readonly string[]]>([
    ['nothing', next({}), []],
    ['a heartbeat is nothing', next({ conditions: ready('True', '2026-01-01T13:00:00Z') }), []],
    ['the same amount in other words is nothing', next({ capacity: { memory: '4096Mi', cpu: '2000m' } }), []],
    ['a condition', next({ conditions: ready('False', '2026-01-01T13:00:00Z') }), ['conditions']],
    ['an amount', next({ allocatable: { cpu: '1', memory: '4Gi' } }), ['allocatable']],
    ['an address', next({ addresses: [] }), ['addresses']],
    ['an image', next({ images: [image('a', 1)] }), ['images']],
    ['a volume in use', next({ volumesInUse: ['v'] }), ['volumesInUse']],
    ['no volume in use', next({ volumesInUse: [] }), []],
  ])('%s', (_name, status, fields) => expect(changedFields(before, status)).toEqual(fields));

  test('fields that others own do not count', () =>
    expect(changedFields({ ...before, volumesAttached: [{ name: 'v', devicePath: '' }] }, before)).toEqual([]));

  test('the last volume that is no longer in use is taken away, and those that are not known stay', () => {
    const used = next({ volumesInUse: ['v'] });
    expect(renderStatusPatch(used, next({ volumesInUse: [] }))).toMatchObject({ status: { volumesInUse: [] } });
    expect(changedFields(used, before)).toEqual([]);
  });

  test('only that is sent, and the conditions for their heartbeat', () =>
    expect(renderStatusPatch(before, next({ allocatable: { cpu: '1', memory: '4Gi' } }))).toEqual({
      status: { allocatable: { cpu: '1', memory: '4Gi' }, conditions: input.conditions },
    }));

  test("others' conditions are not sent back", () => {
    const conditions = [...input.conditions, { type: 'NetworkUnavailable', status: 'False' }];
    expect(renderStatusPatch(before, next({ conditions }))).toEqual({ status: { conditions: input.conditions } });
  });

  test('addresses are replaced, not merged', () =>
    expect(
      renderStatusPatch(before, next({ addresses: [{ type: 'InternalIP', address: '172.18.0.9' }] })),
    ).toMatchObject({
      status: { addresses: [{ type: 'InternalIP', address: '172.18.0.9' }, { $patch: 'replace' }] },
    }));

  test('a resource that is gone is taken away', () =>
    expect(renderStatusPatch(before, next({ capacity: { cpu: '2' } }))).toMatchObject({
      status: { capacity: { cpu: '2', memory: null } },
    }));
});
