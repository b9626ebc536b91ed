import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import type { PodCache } from '../parts.ts';
import { aPod, aSeenPod, deleted } from '../test-builders.ts';
import type { PodSync, SyncResult } from './pod-sync.ts';
import { createPodWorkers } from './workers.ts';

const calm: SyncResult = { terminal: false, actedAt: undefined, failed: false, retryAt: undefined };

/** Workers whose syncs end when the test says so; `log` tells what was begun. */
function theWorkers() {
  const clock = new FakeClock();
  const log: string[] = [];
  let open = Promise.withResolvers<void>();
  let held = false;
  let result: SyncResult = calm;
  const name = (pod: Pod) => `${pod.metadata?.uid}@${pod.metadata?.generation ?? 0}`;
  const pass = async (signal: AbortSignal) => {
    if (!held) return;
    await Promise.race([
      open.promise,
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
  };
  const sync: PodSync = {
    async sync(pod, _seen, signal) {
      log.push(`sync ${name(pod)}`);
      await pass(signal);
      return result;
    },
    async terminate(pod, _seen, graceSeconds, override, signal) {
      log.push(`terminate ${name(pod)} ${graceSeconds}s${override === undefined ? '' : ` ${override.reason}`}`);
      await pass(signal);
    },
    async finish(pod) {
      log.push(`finish ${name(pod)}`);
    },
    async killOrphan(seen) {
      log.push(`orphan ${seen.uid}`);
    },
  };
  const cache: PodCache = {
    get: () => undefined,
    all: () => [],
    getNewerThan: async () => aSeenPod(),
    requestRelist: () => {},
  };
  const workers = createPodWorkers({ sync, cache, clock, journal: memoryJournal(), syncFrequencyMs: 60_000 });
  return {
    workers,
    log,
    hold: () => {
      held = true;
    },
    release: () => {
      held = false;
      open.resolve();
      open = Promise.withResolvers();
    },
    answer: (next: SyncResult) => {
      result = next;
    },
    settle: () => clock.advance(0),
  };
}

const api = (uid: string, generation = 0): Pod => aPod({ terminationGracePeriodSeconds: 30 }, { uid, generation });
const fromFile = (uid: string): Pod =>
  aPod({ terminationGracePeriodSeconds: 30 }, { uid, annotations: { 'kubernetes.io/config.source': 'file' } });

test('what arrives during a sync is taken up by the next, the newest only', async () => {
  const { workers, log, hold, release, settle } = theWorkers();
  hold();
  workers.update(api('u', 1));
  await settle();
  workers.update(api('u', 2));
  workers.update(api('u', 3));
  await settle();
  expect(log).toEqual(['sync u@1']);
  release();
  await settle();
  expect(log).toEqual(['sync u@1', 'sync u@3']);
});

test('a deletion ends the sync under way, stops the pod and gives everything back', async () => {
  const { workers, log, hold, release, settle } = theWorkers();
  hold();
  workers.update(api('u'));
  await settle();
  workers.update(deleted(api('u'), 20));
  await settle();
  release();
  await settle();
  expect(log).toEqual(['sync u@0', 'terminate u@0 20s', 'finish u@0']);
  expect(workers.phaseOf('u')).toBe('finished');
});

test('a second deletion may shorten the grace period, and nothing lengthens it', async () => {
  const { workers, log, hold, settle } = theWorkers();
  workers.update(api('u'));
  await settle();
  hold();
  workers.update(deleted(api('u'), 20));
  await settle();
  workers.update(deleted(api('u'), 5));
  await settle();
  workers.update(deleted(api('u'), 25));
  await settle();
  expect(log.slice(1)).toEqual(['terminate u@0 20s', 'terminate u@0 5s']);
});

test('a pod that has ended by itself is stopped and finished', async () => {
  const { workers, log, answer, settle } = theWorkers();
  answer({ ...calm, terminal: true });
  workers.update(api('u'));
  await settle();
  expect(log).toEqual(['sync u@0', 'terminate u@0 30s', 'finish u@0']);
});

test('an eviction says its reason and is over when the containers have ended', async () => {
  const { workers, log, settle } = theWorkers();
  workers.update(api('u'));
  await settle();
  const status = { phase: 'Failed', reason: 'Evicted', message: 'low' } as const;
  await workers.kill('u', { because: 'memory', graceOverride: 1, status });
  expect(log).toContain('terminate u@0 1s Evicted');
});

test('a static pod waits for the one of its name, and of those that wait only the last starts', async () => {
  const { workers, log, hold, release, settle } = theWorkers();
  workers.update(fromFile('first'));
  await settle();
  hold();
  void workers.kill('first', { because: 'removed' });
  workers.update(fromFile('second'));
  await settle();
  void workers.kill('second', { because: 'removed' });
  workers.update(fromFile('third'));
  await settle();
  expect(log).toEqual(['sync first@0', 'terminate first@0 30s']);
  release();
  await settle();
  expect(log.slice(2)).toEqual(['finish first@0', 'sync third@0']);
});

test('the same static pod, removed and added again while it stops, starts again afterwards', async () => {
  const { workers, log, hold, release, settle } = theWorkers();
  workers.update(fromFile('u'));
  await settle();
  hold();
  void workers.kill('u', { because: 'removed' });
  await settle();
  workers.update(fromFile('u'));
  release();
  await settle();
  workers.forgetFinished(() => true);
  workers.update(fromFile('u'));
  await settle();
  expect(log).toEqual(['sync u@0', 'terminate u@0 30s', 'finish u@0', 'sync u@0']);
});

test('an orphan is stopped once and forgotten', async () => {
  const { workers, log, settle } = theWorkers();
  workers.killOrphan(aSeenPod([], { uid: 'o' }));
  workers.killOrphan(aSeenPod([], { uid: 'o' }));
  await settle();
  workers.forgetFinished(() => false);
  expect([log, workers.uids()]).toEqual([['orphan o'], []]);
});

test('until it is known what runs, anything might', async () => {
  const { workers, settle } = theWorkers();
  expect(workers.couldHaveRunningContainers('u')).toBe(true);
  workers.forgetFinished(() => true);
  expect(workers.couldHaveRunningContainers('u')).toBe(false);
  workers.update(api('u'));
  await settle();
  expect(workers.couldHaveRunningContainers('u')).toBe(true);
});

test('abandoned, pods are left as they are', async () => {
  const { workers, log, settle } = theWorkers();
  workers.update(api('u'));
  await settle();
  workers.abandon();
  workers.update(deleted(api('u')));
  await settle();
  expect(log).toEqual(['sync u@0']);
});
