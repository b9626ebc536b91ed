import { describe, expect, test } from 'vitest';
import { type CapacitySettings, computeAllocatable, computeCapacity } from './capacity.ts';
import { aMachine } from './test-machine.ts';

const gi = 2 ** 30;
const settings: CapacitySettings = {
  maxPods: 110,
  podsPerCore: 0,
  systemReserved: {},
  kubeReserved: {},
  evictionHard: {},
};

describe('capacity', () => {
  test('is what the machine has', () =>
    expect(computeCapacity(aMachine({ milliCpu: 2000, memoryBytes: 4 * gi }), 100 * gi, settings)).toEqual({
      cpu: '2',
      memory: '4Gi',
      'ephemeral-storage': String(100 * 2 ** 30),
      pods: '110',
    }));

  test.each<[string, Parameters<typeof aMachine>[0], Partial<CapacitySettings>, string, string]>([
    ['a part of a core', { milliCpu: 1500 }, {}, 'cpu', '1500m'],
    ['memory that is no round number', { memoryBytes: 24_655_092 * 1024 }, {}, 'memory', '24655092Ki'],
    ['huge pages there are none of', { hugePages: new Map([[2 * 2 ** 20, 0]]) }, {}, 'hugepages-2Mi', '0'],
    ['huge pages', { hugePages: new Map([[gi, 2 * gi]]) }, {}, 'hugepages-1Gi', '2Gi'],
    ['pods per core', { milliCpu: 4000 }, { podsPerCore: 10 }, 'pods', '40'],
    ['pods per core, but not above the most', { milliCpu: 16_000 }, { podsPerCore: 10 }, 'pods', '110'],
  ])('%s', (_name, machine, more, resource, amount) =>
    expect(computeCapacity(aMachine(machine), gi, { ...settings, ...more })[resource]).toBe(amount),
  );
});

describe('allocatable', () => {
  const capacity = { cpu: '4', memory: '8Gi', 'ephemeral-storage': String(100 * 2 ** 30), pods: '110' };

  test.each<[string, Partial<CapacitySettings>, Record<string, string>]>([
    ['nothing reserved', {}, capacity],
    [
      'system and kube reserved add up',
      { systemReserved: { cpu: '500m', memory: '1Gi' }, kubeReserved: { cpu: '250m', memory: '1Gi' } },
      { ...capacity, cpu: '3250m', memory: '6Gi' },
    ],
    [
      'eviction thresholds',
      { evictionHard: { 'memory.available': '1Gi', 'nodefs.available': '10%' } },
      { ...capacity, memory: '7Gi', 'ephemeral-storage': String(90 * 2 ** 30) },
    ],
    ['thresholds of 0 %', { evictionHard: { 'nodefs.available': '0%', 'imagefs.available': '0%' } }, capacity],
    ['never below nothing', { systemReserved: { memory: '9Gi', cpu: '5' } }, { ...capacity, memory: '0', cpu: '0' }],
  ])('%s', (_name, more, expected) => expect(computeAllocatable(capacity, { ...settings, ...more })).toEqual(expected));

  test('huge pages are not memory for others', () =>
    expect(computeAllocatable({ ...capacity, 'hugepages-2Mi': '1Gi' }, settings)).toMatchObject({
      memory: '7Gi',
      'hugepages-2Mi': '1Gi',
    }));
});
