import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { aContainer, aPod, aSidecar } from '../test-builders.ts';
import { decidePressureAdmission } from './admit.ts';
import { findOverLimit, hasStorageLimits } from './local-storage.ts';
import { renderEviction } from './message.ts';
import type { NodeCondition } from './signals.ts';
import { aContainerUsage, aUsage, mebi } from './testing.ts';

const due = [
  { signal: 'memory.available', below: { kind: 'quantity', value: 100 * mebi }, graceMs: 0, minReclaim: undefined },
] as const;
const readings = new Map([['memory.available', { available: 51_200, capacity: 2 ** 30 }]] as const);

test('the message names the shortage and who was over its request', () => {
  const pod = aPod({
    containers: [
      aContainer('greedy', { resources: { requests: { memory: '64Mi' } } }),
      aContainer('modest', { resources: { requests: { memory: '64Mi' } } }),
    ],
  });
  const usage = aUsage({
    memoryBytes: 200 * mebi,
    containers: [
      aContainerUsage('greedy', { memoryBytes: 128 * mebi }),
      aContainerUsage('modest', { memoryBytes: 64 * mebi }),
      aContainerUsage('debugger', { memoryBytes: 64 * mebi }),
    ],
  });
  expect(renderEviction({ pod, usage, resource: 'memory', due, readings })).toEqual({
    message:
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Ki. Container greedy was using 128Mi, request is 64Mi, has larger consumption of memory. ',
    annotations: { offending_containers: 'greedy', offending_containers_usage: '128Mi', starved_resource: 'memory' },
  });
});

test('a request of the pod as a whole is named too', () => {
  const pod = aPod({ resources: { requests: { memory: '32Mi' } } });
  const { message, annotations } = renderEviction({
    pod,
    usage: aUsage({ memoryBytes: 64 * mebi }),
    resource: 'memory',
    due,
    readings,
  });
  expect(message).toContain('Pod web was using 64Mi, request is 32Mi, has larger consumption of memory. ');
  expect(annotations).toMatchObject({ offending_pod: 'web', offending_pod_usage: '64Mi' });
});

test('without figures only the shortage is told', () => {
  expect(renderEviction({ pod: aPod(), usage: undefined, resource: 'pids', due, readings })).toEqual({
    message: 'The node was low on resource: pids. ',
    annotations: {},
  });
});

const limited = aContainer('main', { resources: { limits: { 'ephemeral-storage': '10Mi' } } });

test.each<[string, Pod, Parameters<typeof findOverLimit>[1], string | undefined]>([
  [
    'a volume over its size',
    aPod({ volumes: [{ name: 'cache', emptyDir: { sizeLimit: '5Mi' } }] }),
    aUsage({ volumes: [{ name: 'cache', bytes: 5 * mebi + 1, inodes: 0 }] }),
    'Usage of EmptyDir volume "cache" exceeds the limit "5Mi". ',
  ],
  [
    'a volume just as large',
    aPod({ volumes: [{ name: 'cache', emptyDir: { sizeLimit: '5Mi' } }] }),
    aUsage({ volumes: [{ name: 'cache', bytes: 5 * mebi, inodes: 0 }] }),
    undefined,
  ],
  [
    'a volume without a limit',
    aPod({ volumes: [{ name: 'cache', emptyDir: {} }] }),
    aUsage({ volumes: [{ name: 'cache', bytes: 5 * mebi, inodes: 0 }] }),
    undefined,
  ],
  [
    'layer, log and volume together over the pod’s limit',
    aPod({ volumes: [{ name: 'cache', emptyDir: {} }], containers: [limited] }),
    aUsage({
      containers: [aContainerUsage('main', { layerBytes: 4 * mebi, logBytes: 4 * mebi })],
      volumes: [{ name: 'cache', bytes: 4 * mebi, inodes: 0 }],
    }),
    'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
  ],
  [
    'one container over its own, the pod not over its',
    aPod({ containers: [limited, { ...limited, name: 'other' }] }),
    aUsage({ containers: [aContainerUsage('main', { layerBytes: 11 * mebi })] }),
    'Container main exceeded its local ephemeral storage limit "10Mi". ',
  ],
  [
    'a sidecar over its own',
    aPod({ initContainers: [aSidecar('side', { resources: limited.resources ?? {} })], containers: [limited] }),
    aUsage({ containers: [aContainerUsage('side', { logBytes: 11 * mebi })] }),
    'Container side exceeded its local ephemeral storage limit "10Mi". ',
  ],
])('local storage: %s', (_name, pod, usage, message) => {
  expect(findOverLimit(pod, usage, 'shared')?.message).toBe(message);
});

test('layers on a disk of their own do not count against a container’s limit', () => {
  const pod = aPod({ containers: [limited, { ...limited, name: 'other' }] });
  const usage = aUsage({ containers: [aContainerUsage('main', { layerBytes: 11 * mebi })] });
  expect(findOverLimit(pod, usage, 'imagesAndContainers')).toBeUndefined();
});

test('only pods with limits are watched', () => {
  expect(hasStorageLimits(aPod({ containers: [limited] }))).toBe(true);
  expect(hasStorageLimits(aPod({ volumes: [{ name: 'c', emptyDir: { sizeLimit: '1Mi' } }] }))).toBe(true);
  expect(hasStorageLimits(aPod({ volumes: [{ name: 'c', emptyDir: {} }] }))).toBe(false);
});

const burstable = aPod({ containers: [aContainer('main', { resources: { requests: { cpu: '1m' } } })] });
const tolerating = aPod({
  tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }],
});

test.each<[string, Pod, NodeCondition[], string | undefined]>([
  ['all is well', aPod(), [], undefined],
  ['memory: best effort', aPod(), ['MemoryPressure'], 'The node had condition: [MemoryPressure]. '],
  ['memory: says what it needs', burstable, ['MemoryPressure'], undefined],
  ['memory: tolerates it', tolerating, ['MemoryPressure'], undefined],
  ['disk: says what it needs', burstable, ['DiskPressure'], 'The node had condition: [DiskPressure]. '],
  ['disk: tolerates memory', tolerating, ['DiskPressure'], 'The node had condition: [DiskPressure]. '],
  ['both', burstable, ['MemoryPressure', 'DiskPressure'], 'The node had condition: [MemoryPressure DiskPressure]. '],
  ['critical', aPod({ priority: 2_000_000_000 }), ['MemoryPressure', 'PIDPressure'], undefined],
])('admission: %s', (_name, pod, conditions, expected) => {
  expect(decidePressureAdmission(pod, conditions)).toBe(expected);
});
