import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { memoryJournal } from '../../journal/journal.ts';
import type { AdmissionVerdict } from '../admission/index.ts';
import type { ObservedPod } from '../observed.ts';
import { createPleg } from '../pleg/index.ts';
import { podCatalog } from '../sources/index.ts';
import { createStatusManager } from '../status/index.ts';
import { aPod, aSeenPod } from '../test-builders.ts';
import { createPodLoop } from './pod-loop.ts';
import { createPodWorkers } from './workers.ts';

/** A loop whose admission takes as long as the test wants; answers which pods were started. */
function aLoop({
  admit = () => {},
  look = async () => aSeenPod([]),
}: {
  admit?: (others: readonly Pod[]) => void;
  look?: () => Promise<ObservedPod>;
} = {}) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const catalog = podCatalog(() => {});
  const started: string[] = [];
  const sync = {
    sync: async (pod: ReturnType<typeof aPod>) => {
      started.push(pod.metadata?.name ?? '');
      return { terminal: false, actedAt: undefined, failed: false, retryAt: undefined };
    },
    terminate: async () => {},
    finish: async () => {},
    killOrphan: async () => {},
    refreshStatus: () => {},
    volumesChanged: () => {},
  };
  const cache = {
    getNewerThan: look,
    get: () => undefined,
    all: () => [],
    requestRelist: () => {},
  };
  const workers = createPodWorkers({ sync, cache, clock, journal, syncFrequencyMs: 60_000 });
  const verdict = Promise.withResolvers<AdmissionVerdict>();
  const pleg = createPleg({ cri: fakeCri(clock), clock, journal, readMessage: async () => '' });
  const loop = createPodLoop({
    clock,
    journal,
    catalog,
    workers,
    sync,
    statuses: createStatusManager({
      api: undefined,
      clock,
      journal,
      catalog,
      couldHaveRunningContainers: () => false,
    }),
    pleg,
    probes: {
      addPod: () => {},
      hastenReadiness: () => {},
      stopLivenessAndStartup: () => {},
      removePod: () => {},
      readiness: () => 'unknown',
      liveness: () => 'unknown',
      startup: () => 'unknown',
      onChange: () => {},
    },
    runtimeState: { runtimeErrors: () => [] },
    allocations: {
      apply: (pod) => pod,
      admit: () => {},
      adopt: () => {},
      podChanged: async () => {},
      retry: async () => {},
    },
    admit: (_pod, others) => {
      admit(others);
      return verdict.promise;
    },
    housekeep: async () => {},
    sourcesReady: () => true,
  });
  return { clock, journal, catalog, pleg, loop, started, verdict, workers };
}

test.each<[string, AdmissionVerdict, readonly string[]]>([
  ['is started once it is', { admitted: true }, ['web']],
  ['is never started when it is not', { admitted: false, reason: 'NodePorts', message: 'taken' }, []],
])('a pod that waits to be admitted while the house is kept %s', async (_name, answer, wanted) => {
  const { clock, catalog, pleg, loop, started, verdict, workers } = aLoop();
  const stop = new AbortController();
  const running = Promise.all([pleg.run(stop.signal), loop.run(stop.signal)]);
  const pod = aPod();
  for (const change of catalog.replace('api', [pod])) loop.handle(change);
  await clock.advance(5000);
  expect(started).toEqual([]);
  verdict.resolve(answer);
  await clock.advance(5000);
  expect(started).toEqual(wanted);
  workers.abandon();
  stop.abort();
  await running;
});

test('a pod that had ended before the kubelet was restarted takes no room from those that are admitted again', async () => {
  const beside: string[][] = [];
  const { clock, catalog, loop, verdict, workers } = aLoop({
    admit: (others) => beside.push(others.map(({ metadata }) => metadata?.name ?? '')),
    look: () => new Promise(() => {}),
  });
  const at = (second: number) => ({ creationTimestamp: `2026-01-01T00:00:0${second}Z` });
  const done = { ...aPod({}, { name: 'done', uid: 'uid-0', ...at(0) }), status: { phase: 'Succeeded' } };
  const first = aPod({}, { name: 'first', ...at(1) });
  const second = aPod({}, { name: 'second', uid: 'uid-2', ...at(2) });
  verdict.resolve({ admitted: true });
  for (const change of catalog.replace('api', [done, first, second])) loop.handle(change);
  await clock.advance(0);
  expect(beside).toEqual([[], ['first']]);
  workers.abandon();
});

test('a static pod that was taken away and put back under its UID starts again, which is counted', async () => {
  const { clock, journal, catalog, pleg, loop, started, verdict, workers } = aLoop();
  const stop = new AbortController();
  const running = Promise.all([pleg.run(stop.signal), loop.run(stop.signal)]);
  verdict.resolve({ admitted: true });
  const pod = aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } });
  for (const pods of [[pod], [], [pod]]) {
    for (const change of catalog.replace('file', pods)) loop.handle(change);
    await clock.advance(100);
  }
  await clock.advance(5000);
  expect(started).toEqual(['web', 'web']);
  const told = journal.records.filter(({ kind }) => kind === 'pod.restarted');
  expect(told).toMatchObject([{ uid: 'uid-1', isStatic: true }]);
  workers.abandon();
  stop.abort();
  await running;
});
