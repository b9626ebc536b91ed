import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import type { JournalRecord } from '../../journal/record.ts';
import { aContainer, aPod, aSidecar, noon } from '../test-builders.ts';
import { openAllocations } from './index.ts';
import { findInfeasible, type ResizeRules } from './infeasible.ts';
import { findRequestedChanges, priorityBucketOf } from './requested.ts';
import { sortPendingResizes } from './resize-order.ts';
import { applyResourceInfo, parseResourceState, renderResourceState, resourceInfoOf } from './resource-state.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'allocation-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const cpu = (amount: string) => ({ requests: { cpu: amount } });
const aBurstable = (amount: string, generation = 1, uid = 'u1', more: object = {}): Pod =>
  aPod({ containers: [aContainer('main', { resources: cpu(amount) })], ...more }, { uid, generation });

const aGuaranteed = (amount: string, memory: string): Pod =>
  aPod({
    containers: [
      aContainer('main', {
        resources: { requests: { cpu: amount, memory }, limits: { cpu: amount, memory } },
      }),
    ],
  });

// As upstream's kubelet writes it.
const upstreamFile =
  '{"data":"{\\"entries\\":{\\"u0\\":{\\"ContainerResources\\":{},\\"PodLevelResources\\":{\\"requests\\":{\\"cpu\\":\\"1\\"}},\\"EmptyDirVolumeLimits\\":null},\\"u1\\":{\\"ContainerResources\\":{\\"b\\":{},\\"c\\":{\\"limits\\":{\\"cpu\\":\\"1500m\\",\\"memory\\":\\"1Gi\\"}}},\\"PodLevelResources\\":null,\\"EmptyDirVolumeLimits\\":null}}}","checksum":1523705458}';

test('the file is upstream’s, read and written', () => {
  const state = parseResourceState(upstreamFile);
  expect(state.get('u1')).toEqual({ containers: { b: {}, c: { limits: { cpu: '1500m', memory: '1Gi' } } } });
  expect(state.get('u0')).toEqual({ containers: {}, pod: { requests: { cpu: '1' } } });
  expect(renderResourceState(new Map([...state].reverse()))).toBe(upstreamFile);
});

test('what was granted takes the place of what is asked for', () => {
  const asked = aPod({
    initContainers: [aSidecar('side', { resources: cpu('3') })],
    containers: [aContainer('main', { resources: cpu('2') }), aContainer('new')],
    resources: cpu('9'),
  });
  const granted = applyResourceInfo(asked, { containers: { main: cpu('1'), side: cpu('3000m') } });
  expect(granted.spec?.containers.map(({ resources }) => resources)).toEqual([cpu('1'), undefined]);
  expect(granted.spec?.initContainers?.[0]).toBe(asked.spec?.initContainers?.[0]);
  expect(granted.spec).not.toHaveProperty('resources');
  expect(applyResourceInfo(asked, resourceInfoOf(asked))).toBe(asked);
});

test('those that give something back go first, then by priority, class and time', () => {
  const pending = (
    uid: string,
    from: string,
    to: string,
    more: { priority?: number; since?: number; whole?: boolean } = {},
  ) => {
    const pod = (amount: string) =>
      aBurstable(amount, 1, uid, {
        ...(more.priority === undefined ? {} : { priority: more.priority }),
        ...(more.whole ? { resources: { limits: { cpu: amount, memory: '1Gi' } } } : {}),
      });
    return { wanted: pod(to), granted: pod(from), since: more.since };
  };
  const order = sortPendingResizes([
    pending('late', '1', '2', { since: 2 }),
    pending('never looked at', '1', '2'),
    pending('early', '1', '2', { since: 1 }),
    pending('guaranteed', '1', '2', { since: 9, whole: true }),
    pending('important', '1', '2', { priority: 5 }),
    pending('smaller', '2', '1', { since: 9 }),
  ]);
  expect(order.map(({ wanted }) => wanted.metadata?.uid)).toEqual([
    'smaller',
    'important',
    'guaranteed',
    'early',
    'late',
    'never looked at',
  ]);
});

function aNode(given: { fits?: (pod: Pod) => boolean; rules?: Partial<ResizeRules> } = {}) {
  const records: JournalRecord[] = [];
  const pods = new Map<string, Pod>();
  const woken: string[] = [];
  const clock = new FakeClock(noon);
  const node = { fits: given.fits ?? (() => true) };
  const open = () =>
    openAllocations({
      rootDir: root,
      clock,
      journal: { write: (record) => void records.push(record) },
      admitResize: async (pod) =>
        node.fits(pod) ? { admitted: true } : { admitted: false, reason: 'OutOfcpu', message: 'no room' },
      activePods: () => [...pods.values()],
      podByUid: (uid) => pods.get(uid),
      wake: (uid) => void woken.push(uid),
      sourcesReady: () => true,
      rules: { enabled: true, podLevel: true, exclusiveCpus: false, exclusiveMemory: false, ...given.rules },
    });
  const put = (pod: Pod): Pod => {
    pods.set(pod.metadata?.uid ?? '', pod);
    return pod;
  };
  const cpuOf = (pod: Pod) => pod.spec?.containers[0]?.resources?.requests?.cpu;
  const kinds = () =>
    records.map(({ kind }) => kind).filter((kind) => !['resize.counted', 'resize.requested'].includes(kind));
  return { node, open, put, cpuOf, kinds, records, woken, clock };
}

test('a resize that fits is granted, and done when the worker has seen it in force', async () => {
  const { open, put, cpuOf, kinds, woken } = aNode();
  const allocations = open();
  allocations.admit(put(aBurstable('1')));
  const asked = put(aBurstable('2', 2));
  expect(cpuOf(allocations.apply(asked))).toBe('1');
  await allocations.podChanged(asked);
  expect(cpuOf(allocations.apply(asked))).toBe('2');
  expect(woken).toEqual(['u1']);
  expect(allocations.conditions('u1')).toMatchObject([{ type: 'PodResizeInProgress', observedGeneration: 2 }]);
  allocations.noteProgress(asked, true);
  expect(allocations.conditions('u1')).toHaveLength(1);
  allocations.noteProgress(asked, false);
  expect(allocations.conditions('u1')).toEqual([]);
  expect(kinds()).toEqual(['resize.granted', 'resize.completed']);
});

test('one that does not fit waits, and is granted when another pod goes', async () => {
  const { node, open, put, cpuOf, kinds, records } = aNode({ fits: () => false });
  const allocations = open();
  allocations.admit(put(aBurstable('1')));
  allocations.admit(put(aBurstable('1', 1, 'u2')));
  const asked = put(aBurstable('2', 2));
  await allocations.podChanged(asked);
  await allocations.retry('periodic_retry');
  expect(allocations.conditions('u1')).toMatchObject([
    { type: 'PodResizePending', reason: 'Deferred', message: 'no room', observedGeneration: 2 },
  ]);
  expect(cpuOf(allocations.apply(asked))).toBe('1');
  node.fits = () => true;
  allocations.forget('u2');
  await allocations.retry('periodic_retry');
  expect(cpuOf(allocations.apply(asked))).toBe('2');
  expect(kinds()).toEqual(['resize.pending', 'resize.waitEnded', 'resize.granted']);
  expect(records.find(({ kind }) => kind === 'resize.granted')).toMatchObject({
    waited: true,
    trigger: 'pods_removed',
  });
});

test('one that is taken back is no longer said to wait', async () => {
  const { open, put } = aNode({ fits: () => false });
  const allocations = open();
  allocations.admit(put(aBurstable('1')));
  await allocations.podChanged(put(aBurstable('2', 2)));
  await allocations.podChanged(put(aBurstable('1', 3)));
  expect(allocations.conditions('u1')).toEqual([]);
});

test.each<[string, Partial<ResizeRules>, { wanted: Pod; granted: Pod }, string | undefined]>([
  ['all is allowed', {}, { wanted: aBurstable('2'), granted: aBurstable('1') }, undefined],
  ['the gate is off', { enabled: false }, { wanted: aBurstable('2'), granted: aBurstable('1') }, 'feature_gate_off'],
  [
    'the gate for whole pods is off, and the whole pod is asked for',
    { podLevel: false },
    { wanted: aPod({ resources: cpu('2') }), granted: aPod({ resources: cpu('1') }) },
    'plr_feature_gate_off',
  ],
  [
    'the gate for whole pods is off, and a container is asked for',
    { podLevel: false },
    { wanted: aBurstable('2'), granted: aBurstable('1') },
    undefined,
  ],
  [
    'a guaranteed pod’s CPUs are its own',
    { exclusiveCpus: true },
    { wanted: aGuaranteed('2', '1Gi'), granted: aGuaranteed('1', '1Gi') },
    'guaranteed_pod_cpu_manager_static_policy',
  ],
  [
    'a burstable pod’s are not',
    { exclusiveCpus: true },
    { wanted: aBurstable('2'), granted: aBurstable('1') },
    undefined,
  ],
  [
    'a guaranteed pod’s memory is its own, and its CPUs are asked for',
    { exclusiveMemory: true },
    { wanted: aGuaranteed('2', '1Gi'), granted: aGuaranteed('1', '1Gi') },
    undefined,
  ],
  [
    'a guaranteed pod’s memory is its own',
    { exclusiveMemory: true },
    { wanted: aGuaranteed('1', '2Gi'), granted: aGuaranteed('1', '1Gi') },
    'guaranteed_pod_memory_manager_static_policy',
  ],
])('whether it can ever be: %s', (_name, rules, { wanted, granted }, detail) => {
  const all = { enabled: true, podLevel: true, exclusiveCpus: false, exclusiveMemory: false, ...rules };
  expect(findInfeasible(wanted, granted, all)?.detail).toBe(detail);
});

test('one that can never be is not looked at again until the pod asks for something else', async () => {
  const { open, put, kinds, records } = aNode({ rules: { enabled: false } });
  const allocations = open();
  allocations.admit(put(aBurstable('1')));
  await allocations.podChanged(put(aBurstable('2', 2)));
  await allocations.podChanged(put(aBurstable('2', 3)));
  await allocations.retry('periodic_retry');
  expect(kinds()).toEqual(['resize.pending']);
  expect(records.find(({ kind }) => kind === 'resize.pending')).toMatchObject({ detail: 'feature_gate_off' });
  await allocations.podChanged(put(aBurstable('1', 4)));
  expect(allocations.conditions('u1')).toEqual([]);
});

test('what a new version asks for otherwise', () => {
  expect(
    findRequestedChanges(
      { containers: { main: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } } },
      { containers: { main: { requests: { cpu: '1000m', memory: '1Mi' }, limits: { memory: '2Gi', cpu: '0' } } } },
    ),
  ).toEqual([
    { resource: 'memory', requirement: 'requests', operation: 'add' },
    { resource: 'memory', requirement: 'limits', operation: 'increase' },
  ]);
});

test.each([
  [undefined, 'unknown'],
  [2_000_000_000, 'system-critical'],
  [100_000, 'high'],
  [1, 'medium'],
  [0, 'normal'],
  [-999, 'low'],
  [-1000, 'very-low'],
])('priority %s is %s', (priority, bucket) => expect(priorityBucketOf(priority)).toBe(bucket));

test('what was granted outlives the kubelet', async () => {
  const { node, open, put, cpuOf } = aNode();
  const before = open();
  before.admit(put(aBurstable('1')));
  await before.podChanged(put(aBurstable('2', 2)));
  await expect.poll(() => readFileSync(join(root, 'allocated_pods_state'), 'utf8')).toContain('\\"cpu\\":\\"2\\"');
  node.fits = () => false;
  const after = open();
  const asked = put(aBurstable('3', 3));
  after.admit(asked);
  after.adopt(asked);
  await after.retry('pods_added');
  expect(cpuOf(after.apply(asked))).toBe('2');
  expect(after.inForce('u1')?.containers.main).toEqual(cpu('1'));
  expect(after.conditions('u1')).toMatchObject([{ type: 'PodResizePending' }]);
});

test('pods that went while the kubelet was away are forgotten', async () => {
  const { open, put } = aNode();
  const before = open();
  before.admit(put(aBurstable('1', 1, 'gone')));
  before.admit(put(aBurstable('1')));
  before.keepOnly((uid) => uid === 'u1');
  expect([before.has('u1'), before.has('gone')]).toEqual([true, false]);
  const file = () => readFileSync(join(root, 'allocated_pods_state'), 'utf8');
  await expect.poll(file).toContain('u1');
  expect(file()).not.toContain('gone');
});

test('a failure is told once, for the generation that was granted', async () => {
  const { open, put, kinds } = aNode();
  const allocations = open();
  allocations.admit(put(aBurstable('1')));
  const asked = put(aBurstable('2', 2));
  await allocations.podChanged(asked);
  allocations.noteFailure(asked, 'too small');
  allocations.noteFailure(asked, 'too small');
  expect(allocations.conditions('u1')).toMatchObject([
    { reason: 'Error', message: 'too small', observedGeneration: 2 },
  ]);
  expect(kinds()).toEqual(['resize.granted', 'resize.failed']);
});

test('a damaged file stops the kubelet and says what to do', () => {
  writeFileSync(join(root, 'actuated_pods_state'), '{"data":"{}","checksum":1}');
  expect(() => aNode().open()).toThrow(/actuated_pods_state: checkpoint is corrupted/);
});
