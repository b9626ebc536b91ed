import { expect, test } from 'vitest';
import { aContainer, aPod } from '../test-builders.ts';
import { finalStatus, rejectedStatus } from './final-status.ts';

test('a pod that is refused keeps nothing of what was said of it but its class', () => {
  const pod = {
    ...aPod({}, { generation: 3 }),
    status: { phase: 'Pending', qosClass: 'BestEffort', conditions: [{ type: 'PodScheduled', status: 'True' }] },
  };
  expect(rejectedStatus(pod, 'NodePorts', 'taken')).toEqual({
    qosClass: 'BestEffort',
    observedGeneration: 3,
    phase: 'Failed',
    reason: 'NodePorts',
    message: 'Pod was rejected: taken',
  });
});

test('of a pod that ends before its first init container could start, that one counts as failed', () => {
  const waiting = (name: string) => ({
    name,
    image: '',
    imageID: '',
    ready: false,
    restartCount: 0,
    state: { waiting: { reason: 'PodInitializing' } },
  });
  const pod = aPod({ initContainers: [aContainer('one'), aContainer('two')] });
  const status = finalStatus(pod, {
    phase: 'Pending',
    initContainerStatuses: [waiting('one'), waiting('two')],
    containerStatuses: [waiting('main')],
  });
  expect(status.phase).toBe('Failed');
  expect(status.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual([
    'ContainerStatusUnknown',
    undefined,
  ]);
  expect(status.containerStatuses?.[0]?.state).toHaveProperty('waiting');
});
