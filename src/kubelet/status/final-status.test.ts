import { expect, test } from 'vitest';
import { aPod } from '../test-builders.ts';
import { rejectedStatus } from './final-status.ts';

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
