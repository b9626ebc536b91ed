import { expect, test } from 'vitest';
import { memoryJournal } from '../../journal/journal.ts';
import { aPod } from '../test-builders.ts';
import type { KillOptions } from '../workers/workers.ts';
import { preemptor } from './preempt.ts';

test('each victim is told why, has the time it asks for, and ends before the next', async () => {
  const journal = memoryJournal();
  const kills: (KillOptions & { readonly uid: string })[] = [];
  let ending = 0;
  const preempt = preemptor({
    journal,
    workers: {
      async kill(uid, options) {
        ending += 1;
        expect(ending).toBe(1);
        await Promise.resolve();
        ending -= 1;
        kills.push({ uid, ...options });
      },
    },
  });
  const victims = [aPod({}, { name: 'a', uid: 'a', generation: 4 }), aPod({}, { name: 'b', uid: 'b' })];
  await preempt(aPod({}, { name: 'critical' }), { victims, resource: 'memory' });
  expect(kills.map(({ uid }) => uid)).toEqual(['a', 'b']);
  expect(kills[0]).toEqual({
    uid: 'a',
    because: 'default/critical is critical, and there is not enough memory',
    status: {
      phase: 'Failed',
      reason: 'Preempting',
      message: 'Preempted in order to admit critical pod',
      condition: {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'TerminationByKubelet',
        message: 'Pod was preempted by Kubelet to accommodate a critical pod.',
        observedGeneration: 4,
      },
    },
  });
  expect(journal.records.map(({ kind }) => kind)).toEqual(['eviction.preempting', 'eviction.preempting']);
});
