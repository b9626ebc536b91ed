import { expect, test } from 'vitest';
import type { ContainerStatus, PodStatus } from '../../api/types.ts';
import { decideStatusDelay } from './delay.ts';

const aContainer = (changes: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: 'main',
  image: 'busybox',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...changes,
});
const creating = aContainer({ state: { waiting: { reason: 'ContainerCreating' } } });
const running = aContainer({ containerID: 'c1', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } });
const ready = (status: 'True' | 'False'): PodStatus => ({ conditions: [{ type: 'Ready', status }] });

const cases: readonly [string, PodStatus, PodStatus, number][] = [
  [
    'the first status of a pod that is being made',
    { phase: 'Pending' },
    { phase: 'Pending', containerStatuses: [creating] },
    500,
  ],
  ['the sandbox is up', { phase: 'Pending' }, { phase: 'Pending', podIP: '10.0.0.1' }, 500],
  ['only what generation was seen', { phase: 'Running' }, { phase: 'Running', observedGeneration: 2 }, 500],
  ['another phase', { phase: 'Pending' }, { phase: 'Running' }, 0],
  ['another reason', { phase: 'Failed' }, { phase: 'Failed', reason: 'Evicted' }, 0],
  ['ready', ready('False'), ready('True'), 0],
  ['not ready any more', ready('True'), ready('False'), 0],
  ['a container runs', { containerStatuses: [creating] }, { containerStatuses: [running] }, 0],
  ['an init container runs', { initContainerStatuses: [creating] }, { initContainerStatuses: [running] }, 0],
  [
    'a container has ended',
    { containerStatuses: [running] },
    { containerStatuses: [aContainer({ containerID: 'c1', state: { terminated: { exitCode: 0 } } })] },
    0,
  ],
  [
    'a container was started anew',
    { containerStatuses: [running] },
    { containerStatuses: [{ ...running, containerID: 'c2', restartCount: 1 }] },
    0,
  ],
  [
    'a container has started by its probe',
    { containerStatuses: [running] },
    { containerStatuses: [{ ...running, started: true }] },
    0,
  ],
  [
    'a container waits for another reason',
    { containerStatuses: [creating] },
    { containerStatuses: [aContainer({ state: { waiting: { reason: 'ErrImagePull' } } })] },
    0,
  ],
];

test.each(cases)('%s', (_name, before, after, expected) => {
  expect(
    decideStatusDelay({
      before,
      after: { phase: before.phase ?? 'Pending', ...after },
      deleted: false,
      finished: false,
    }),
  ).toBe(expected);
});

test('a pod that is being deleted: its containers may end together', () => {
  const after: PodStatus = {
    phase: 'Pending',
    containerStatuses: [aContainer({ state: { terminated: { exitCode: 0 } } })],
  };
  const change = { before: { containerStatuses: [running] }, after, deleted: true };
  expect(decideStatusDelay({ ...change, finished: false })).toBe(1000);
  expect(decideStatusDelay({ ...change, finished: true })).toBe(0);
  expect(decideStatusDelay({ ...change, after: { ...after, phase: 'Failed' }, finished: false })).toBe(0);
});
