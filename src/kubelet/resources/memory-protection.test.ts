import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { computePodProtection, computeTreeProtection, type MemoryProtection } from './memory-protection.ts';

type List = Record<string, string>;
const aPod = (containers: readonly [List, List][], whole?: { requests?: List; limits?: List }): Pod => ({
  spec: {
    containers: containers.map(([requests, limits]) => ({ name: 'c', resources: { requests, limits } })),
    ...(whole === undefined ? {} : { resources: whole }),
  },
});
const same = { cpu: '1', memory: '1Mi' };
const guaranteed = aPod([[same, same]]);
const burstable = aPod([
  [{ memory: '2Mi' }, { memory: '4Mi' }],
  [{ memory: '1Mi' }, {}],
]);
const mebi = 2 ** 20;
const qos = { throttlingFactor: 0.5, tiered: true, allocatableBytes: 2 ** 30 };

test.each<[string, Pod, MemoryProtection]>([
  ['guaranteed', guaranteed, { memoryMin: mebi }],
  ['burstable', burstable, { memoryLow: 3 * mebi }],
  ['best effort', aPod([[{}, {}]]), {}],
  [
    'limited as a whole',
    aPod([[{}, {}]], { requests: { memory: '2Mi' }, limits: { memory: '4Mi' } }),
    { memoryLow: 2 * mebi, memoryHigh: 3 * mebi },
  ],
])('a pod’s own cgroup: %s', (_name, pod, expected) => {
  expect(computePodProtection(pod, qos)).toEqual(expected);
});

test('the cgroups above guard what those below do', () => {
  expect(computeTreeProtection([guaranteed, burstable, aPod([[{}, {}]])], qos)).toEqual({
    kubepods: { memoryMin: 4 * mebi, memoryLow: 3 * mebi },
    burstable: { memoryLow: 3 * mebi },
  });
  expect(computeTreeProtection([guaranteed, burstable], { ...qos, tiered: false })).toEqual({
    kubepods: { memoryMin: 0, memoryLow: 0 },
    burstable: { memoryLow: 0 },
  });
});
