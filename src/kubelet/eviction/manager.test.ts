import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import type { PodUsage } from '../stats/index.ts';
import { aPod } from '../test-builders.ts';
import type { KillOptions } from '../workers/workers.ts';
import { evictionManager } from './manager.ts';
import type { DiskLayout, Signal } from './signals.ts';
import { aUsage, mebi } from './testing.ts';
import type { Threshold } from './thresholds.ts';

const hard = (signal: Signal, value: number): Threshold => ({
  signal,
  below: { kind: 'quantity', value },
  graceMs: 0,
  minReclaim: undefined,
});

interface World {
  readonly thresholds?: readonly Threshold[];
  readonly available?: Partial<Record<Signal, number>>;
  readonly pods?: readonly Pod[];
  readonly usage?: Readonly<Record<string, PodUsage>>;
  readonly layout?: DiskLayout;
  /** What removing images gives back. */
  readonly imagesGive?: number;
  /** What the end of each pod gives back, of every signal. */
  readonly podsGive?: number;
}

function aWorld({
  thresholds = [],
  available = {},
  pods = [],
  usage = {},
  layout = 'shared',
  imagesGive = 0,
  podsGive = 0,
}: World) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const left = new Map(Object.entries(available) as [Signal, number][]);
  const give = (amount: number) => {
    for (const [signal, value] of left) left.set(signal, value + amount);
  };
  const running = new Set(pods.map(({ metadata }) => metadata?.uid ?? ''));
  const done: string[] = [];
  const kills: (KillOptions & { readonly uid: string })[] = [];
  let measured = 0;
  let problem: Error | undefined;
  const manager = evictionManager({
    clock,
    journal,
    nodeName: 'n1',
    thresholds,
    watchLocalStorage: true,
    transitionMs: 300_000,
    maxGraceSeconds: 60,
    readings: {
      layout: async () => {
        if (problem !== undefined) throw problem;
        return layout;
      },
      read: async () => new Map([...left].map(([signal, value]) => [signal, { available: value, capacity: 1000 }])),
    },
    activePods: () => pods.filter(({ metadata }) => running.has(metadata?.uid ?? '')),
    usageOf: async () => {
      measured += 1;
      return new Map(Object.entries(usage));
    },
    workers: {
      phaseOf: (uid) => (running.has(uid) ? 'syncing' : undefined),
      kill: async (uid, options) => {
        done.push(`kill ${uid}`);
        kills.push({ uid, ...options });
        running.delete(uid);
        give(podsGive);
      },
    },
    removeDeadContainers: async () => void done.push('containers'),
    removeUnusedImages: async () => {
      done.push('images');
      give(imagesGive);
    },
    onChange: () => void done.push('conditions'),
  });
  const stop = new AbortController();
  const ended = manager.run(stop.signal);
  return {
    clock,
    journal,
    done,
    kills,
    manager,
    fail: (error: Error | undefined) => {
      problem = error;
    },
    measured: () => measured,
    async end() {
      stop.abort();
      await ended;
    },
  };
}

const named = (name: string, spec: Parameters<typeof aPod>[0] = {}) => aPod(spec, { name, uid: name });

test('with enough of everything, pods are not even measured', async () => {
  const world = aWorld({
    thresholds: [hard('memory.available', 10)],
    available: { 'memory.available': 500 },
    pods: [named('a')],
  });
  await world.clock.advance(60_000);
  expect([world.done, world.measured(), world.manager.conditions()]).toEqual([[], 0, []]);
  await world.end();
});

test('short of memory: one pod at a time, until there is enough', async () => {
  const world = aWorld({
    thresholds: [hard('memory.available', 100)],
    available: { 'memory.available': 50 },
    podsGive: 30,
    pods: [named('small'), named('big'), named('kept')],
    usage: {
      small: aUsage({ memoryBytes: 2 }),
      big: aUsage({ memoryBytes: 3 }),
      kept: aUsage({ memoryBytes: 1 }),
    },
  });
  await world.clock.advance(0);
  expect(world.manager.conditions()).toEqual(['MemoryPressure']);
  await world.clock.advance(20_000);
  expect(world.done).toEqual(['conditions', 'kill big', 'kill small']);
  expect(world.kills[0]).toMatchObject({
    graceOverride: 1,
    status: { phase: 'Failed', reason: 'Evicted', condition: { type: 'DisruptionTarget', status: 'True' } },
  });
  await world.end();
});

test('short of disk: dead containers and images go first', async () => {
  const world = aWorld({
    thresholds: [hard('nodefs.available', 100)],
    available: { 'nodefs.available': 50, 'containerfs.available': 50 },
    imagesGive: 60,
    pods: [named('a')],
  });
  await world.clock.advance(20_000);
  expect(world.done).toEqual(['conditions', 'containers', 'images']);
  expect(world.journal.records.map(({ kind }) => kind)).toContain('eviction.nodeSufficed');
  await world.end();
});

test('then pods, when that is not enough', async () => {
  const world = aWorld({
    thresholds: [hard('nodefs.available', 100)],
    available: { 'nodefs.available': 50, 'containerfs.available': 50 },
    imagesGive: 1,
    podsGive: 60,
    pods: [named('a')],
  });
  await world.clock.advance(20_000);
  expect(world.done).toEqual(['conditions', 'containers', 'images', 'kill a']);
  await world.end();
});

test('critical pods are passed over', async () => {
  const world = aWorld({
    thresholds: [hard('pid.available', 100)],
    available: { 'pid.available': 1 },
    podsGive: 100,
    pods: [named('critical', { priority: 2_000_000_000 }), named('ordinary', { priority: 2_000_000_000 - 1 })],
  });
  await world.clock.advance(20_000);
  expect(world.kills.map(({ uid }) => uid)).toEqual(['ordinary']);
  await world.end();
});

test('nobody left to evict is told of, and tried again later', async () => {
  const world = aWorld({ thresholds: [hard('pid.available', 100)], available: { 'pid.available': 1 } });
  await world.clock.advance(10_000);
  expect(world.journal.records.filter(({ kind }) => kind === 'eviction.nobodyLeft')).toHaveLength(2);
  await world.end();
});

test('a soft threshold gives a pod the time it asks for, up to the most that is allowed', async () => {
  const soft: Threshold = { ...hard('memory.available', 100), graceMs: 30_000 };
  const world = aWorld({
    thresholds: [soft],
    available: { 'memory.available': 1 },
    podsGive: 50,
    pods: [named('slow', { terminationGracePeriodSeconds: 600 }), named('quick', { terminationGracePeriodSeconds: 5 })],
    usage: { slow: aUsage({ memoryBytes: 9 }), quick: aUsage({ memoryBytes: 1 }) },
  });
  await world.clock.advance(29_000);
  expect(world.done).toEqual(['conditions']);
  await world.clock.advance(30_000);
  expect(world.kills.map(({ uid, graceOverride }) => [uid, graceOverride])).toEqual([
    ['slow', 60],
    ['quick', 5],
  ]);
  await world.end();
});

test('a pod over its own limit is evicted, without any pressure, and is not a disruption', async () => {
  const volumes = [{ name: 'cache', emptyDir: { sizeLimit: '1Mi' } }];
  const world = aWorld({
    pods: [named('over', { volumes }), named('within', { volumes }), named('unlimited')],
    usage: {
      over: aUsage({ volumes: [{ name: 'cache', bytes: 2 * mebi, inodes: 1 }] }),
      within: aUsage({ volumes: [{ name: 'cache', bytes: mebi, inodes: 1 }] }),
    },
  });
  await world.clock.advance(20_000);
  expect(world.done).toEqual(['kill over']);
  expect(world.kills[0]?.status).toEqual({
    phase: 'Failed',
    reason: 'Evicted',
    message: 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ',
  });
  await world.end();
});

test('a reading that fails is told of, and tried again', async () => {
  const world = aWorld({ thresholds: [hard('memory.available', 10)], available: { 'memory.available': 5 } });
  await world.clock.advance(0);
  expect(world.manager.conditions()).toEqual(['MemoryPressure']);
  world.fail(new Error('the runtime is down'));
  await world.clock.advance(10_000);
  expect(world.journal.records.at(-1)).toEqual({ kind: 'eviction.failed', error: 'the runtime is down' });
  world.fail(undefined);
  await world.clock.advance(10_000);
  expect(world.journal.records.at(-1)).toEqual({ kind: 'eviction.nobodyLeft', resource: 'memory' });
  await world.end();
});
