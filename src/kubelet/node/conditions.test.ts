import { describe, expect, test } from 'vitest';
import type { NodeCondition } from '../../api/types.ts';
import { computeConditions, conditionEvents, type NodeHealth } from './conditions.ts';

const noon = Date.UTC(2026, 0, 1, 12);
const earlier = '2026-01-01T11:00:00Z';
const now = '2026-01-01T12:00:00Z';

const healthy: NodeHealth = { memoryPressure: false, diskPressure: false, pidPressure: false, errors: [] };
const find = (conditions: readonly NodeCondition[], type: string) => conditions.find((c) => c.type === type);
const old = (type: string, status: string): NodeCondition => ({
  type,
  status,
  lastHeartbeatTime: earlier,
  lastTransitionTime: earlier,
});

describe('what is said of the node', () => {
  test.each<[string, Partial<NodeHealth>, string, string, string, string]>([
    ['all well', {}, 'Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
    [
      'one error',
      { errors: ['container runtime is down'] },
      'Ready',
      'False',
      'KubeletNotReady',
      'container runtime is down',
    ],
    ['two errors', { errors: ['a', 'b'] }, 'Ready', 'False', 'KubeletNotReady', '[a, b]'],
    ['memory', {}, 'MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    [
      'no memory',
      { memoryPressure: true },
      'MemoryPressure',
      'True',
      'KubeletHasInsufficientMemory',
      'kubelet has insufficient memory available',
    ],
    ['disk', {}, 'DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['no disk', { diskPressure: true }, 'DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure'],
    ['PIDs', {}, 'PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    [
      'no PIDs',
      { pidPressure: true },
      'PIDPressure',
      'True',
      'KubeletHasInsufficientPID',
      'kubelet has insufficient PID available',
    ],
  ])('%s', (_name, health, type, status, reason, message) =>
    expect(find(computeConditions([], { ...healthy, ...health }, noon), type)).toEqual({
      type,
      status,
      reason,
      message,
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    }),
  );

  test('in this order on a new node', () =>
    expect(computeConditions([], healthy, noon).map(({ type }) => type)).toEqual([
      'MemoryPressure',
      'DiskPressure',
      'PIDPressure',
      'Ready',
    ]));

  test("others' conditions stay what and where they are", () => {
    const calico = old('NetworkUnavailable', 'False');
    const after = computeConditions([old('Ready', 'True'), calico], healthy, noon);
    expect(after.map(({ type }) => type)).toEqual([
      'Ready',
      'NetworkUnavailable',
      'MemoryPressure',
      'DiskPressure',
      'PIDPressure',
    ]);
    expect(after[1]).toBe(calico);
  });

  test('a heartbeat moves each time, a transition only with the status', () => {
    const before = [old('Ready', 'True'), old('MemoryPressure', 'True')];
    const after = computeConditions(before, healthy, noon);
    expect(find(after, 'Ready')).toMatchObject({ lastHeartbeatTime: now, lastTransitionTime: earlier });
    expect(find(after, 'MemoryPressure')).toMatchObject({ lastHeartbeatTime: now, lastTransitionTime: now });
  });
});

describe('the Events of a change', () => {
  const told = (health: Partial<NodeHealth>) => computeConditions([], { ...healthy, ...health }, noon);
  test.each<[string, readonly NodeCondition[], Partial<NodeHealth>, string[]]>([
    ['a new node', [], {}, ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID']],
    ['nothing', told({}), {}, []],
    ['becoming ready', told({ errors: ['a'] }), {}, ['NodeReady']],
    ['another reason for not being ready', told({ errors: ['a'] }), { errors: ['b'] }, []],
    ['ceasing to be ready', told({}), { errors: ['a'] }, ['NodeNotReady']],
    ['too little memory', told({}), { memoryPressure: true }, ['NodeHasInsufficientMemory']],
    ['disk again', told({ diskPressure: true }), {}, ['NodeHasNoDiskPressure']],
  ])('%s', (_name, before, health, events) => expect(conditionEvents(before, told(health))).toEqual(events));

  test("are not told of others' conditions", () =>
    expect(conditionEvents([], [{ type: 'NetworkUnavailable', status: 'True', reason: 'KubeletLike' }])).toEqual([]));
});
