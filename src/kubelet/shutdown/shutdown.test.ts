import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { aPod } from '../test-builders.ts';
import type { KillOptions } from '../workers/workers.ts';
import { groupPods, parseShutdownGroups, type ShutdownSettings, totalMs } from './groups.ts';
import { type Logind, parseMaxDelay, parseShutdownSignal, renderLogindConf } from './logind.ts';
import { shutdownManager } from './manager.ts';
import { parseShutdownState, renderShutdownState, type ShutdownState } from './state.ts';

const parse = (settings: Partial<ShutdownSettings>) =>
  parseShutdownGroups({ shutdownGracePeriod: '0s', shutdownGracePeriodCriticalPods: '0s', ...settings });

test.each<[string, Partial<ShutdownSettings>, [number, number][]]>([
  ['nothing asked for', {}, []],
  [
    'a period, part of it for critical pods',
    { shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' },
    [
      [0, 20],
      [2_000_000_000, 10],
    ],
  ],
  [
    'by priority, in any order',
    {
      shutdownGracePeriodByPodPriority: [
        { priority: 100, shutdownGracePeriodSeconds: 5 },
        { priority: 0, shutdownGracePeriodSeconds: 60 },
      ],
    },
    [
      [0, 60],
      [100, 5],
    ],
  ],
])('groups: %s', (_name, settings, expected) => {
  expect(parse(settings).map(({ priority, seconds }) => [priority, seconds])).toEqual(expected);
});

test('what is no list of groups is refused', () => {
  expect(() => parse({ shutdownGracePeriodByPodPriority: [{ priority: 'high' }] })).toThrow(
    /^shutdownGracePeriodByPodPriority: /,
  );
});

const groups = [
  { priority: 10, seconds: 20 },
  { priority: 100, seconds: 5 },
];
const pod = (name: string, priority: number | undefined, grace = 30): Pod =>
  aPod({ terminationGracePeriodSeconds: grace, ...(priority === undefined ? {} : { priority }) }, { name, uid: name });

test('pods go with the group at or below their priority, and with no more time than it has', () => {
  const rows = groupPods(groups, [pod('b', 99), pod('c', 100), pod('a', undefined), pod('d', 1000, 2)]);
  expect(
    rows.map(({ group, pods }) => [group.seconds, pods.map((row) => [row.pod.metadata?.name, row.graceSeconds])]),
  ).toEqual([
    [
      20,
      [
        ['b', 20],
        ['a', 20],
      ],
    ],
    [
      5,
      [
        ['c', 5],
        ['d', 2],
      ],
    ],
  ]);
  expect(totalMs(groups)).toBe(25_000);
});

test('the state in upstream’s form', () => {
  const text = renderShutdownState({ startedAt: Date.UTC(2026, 0, 2), endedAt: undefined });
  expect(JSON.parse(text)).toEqual({ startTime: '2026-01-02T00:00:00.000Z', endTime: '0001-01-01T00:00:00Z' });
  expect(parseShutdownState(text)).toEqual({ startedAt: Date.UTC(2026, 0, 2), endedAt: undefined });
  expect(() => parseShutdownState('{"startTime":5}')).toThrow();
});

test('what logind and its programs say', () => {
  expect(parseMaxDelay('{"type":"t","data":5000000}\n')).toBe(5000);
  expect(() => parseMaxDelay('{"type":"s","data":"x"}')).toThrow();
  const signal = (begins: boolean) =>
    JSON.stringify({
      type: 'signal',
      interface: 'org.freedesktop.login1.Manager',
      member: 'PrepareForShutdown',
      payload: { type: 'b', data: [begins] },
    });
  expect([parseShutdownSignal(signal(true)), parseShutdownSignal(signal(false))]).toEqual([true, false]);
  expect(parseShutdownSignal(signal(true).replace('PrepareForShutdown', 'SessionNew'))).toBeUndefined();
  expect(parseShutdownSignal('Monitoring bus message stream.')).toBeUndefined();
  expect(renderLogindConf(30_000)).toBe('# Kubelet logind override\n[Login]\nInhibitDelayMaxSec=30\n');
});

interface World {
  readonly maxDelayMs?: number;
  readonly absent?: boolean;
  readonly pods?: readonly Pod[];
  /** How long each pod takes to end, by name, in seconds; not at all: Infinity. */
  readonly takes?: Readonly<Record<string, number>>;
}

/** A logind with memory: signals are pushed by `tell`, and what was done stands in `done`. */
function aWorld({ maxDelayMs = 60_000, absent = false, pods = [], takes = {} }: World) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const done: string[] = [];
  const states: ShutdownState[] = [];
  const running = new Set(pods.map(({ metadata }) => metadata?.uid ?? ''));
  let delay = maxDelayMs;
  let locks = 0;
  let pending: ((begins: boolean) => void) | undefined;
  const logind: Logind = {
    maxDelayMs: () => (absent ? Promise.reject(new Error('no logind')) : Promise.resolve(delay)),
    raiseMaxDelay: async (ms) => {
      delay = ms;
      done.push(`raise ${ms}`);
    },
    inhibit: async () => {
      locks += 1;
      const lock = locks;
      done.push(`lock ${lock}`);
      return { release: () => void done.push(`release ${lock}`) };
    },
    async *shutdowns(signal) {
      while (!signal.aborted) {
        yield await new Promise<boolean>((resolve, reject) => {
          pending = resolve;
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      }
    },
  };
  const workers = {
    phaseOf: (uid: string) => (running.has(uid) ? ('terminating' as const) : undefined),
    kill: async (uid: string, { graceOverride }: KillOptions) => {
      done.push(`kill ${uid} ${graceOverride}`);
      const seconds = takes[uid] ?? 0;
      if (seconds === Number.POSITIVE_INFINITY) return;
      await clock.sleep(seconds * 1000);
      running.delete(uid);
    },
  };
  let changes = 0;
  const manager = shutdownManager({
    groups,
    logind,
    clock,
    journal,
    nodeName: 'n1',
    file: { load: async () => undefined, store: async (state) => void states.push(state) },
    activePods: () => pods,
    workers,
    onChange: () => {
      changes += 1;
    },
  });
  const stop = new AbortController();
  const ended = manager.run(stop.signal);
  return {
    clock,
    journal,
    done,
    states,
    manager,
    changes: () => changes,
    async tell(begins: boolean) {
      await clock.advance(0);
      pending?.(begins);
      await clock.advance(0);
    },
    async end() {
      stop.abort();
      await clock.advance(5000);
      await ended;
    },
  };
}

test('a shutdown waits for its pods, lower priorities first', async () => {
  const world = aWorld({ pods: [pod('late', 100), pod('early', 10)], takes: { early: 3 } });
  await world.tell(true);
  expect(world.manager.shuttingDown()).toBe(true);
  expect(world.changes()).toBe(1);
  expect(world.done).toEqual(['lock 1', 'kill early 20']);
  await world.clock.advance(3200);
  expect(world.done).toEqual(['lock 1', 'kill early 20', 'kill late 5', 'release 1']);
  expect(world.states.map(({ endedAt }) => endedAt !== undefined)).toEqual([false, true]);
  await world.end();
});

test('a group that does not end in its time is not waited for', async () => {
  const world = aWorld({ pods: [pod('late', 100), pod('early', 10)], takes: { early: Number.POSITIVE_INFINITY } });
  await world.tell(true);
  await world.clock.advance(19_000);
  expect(world.done).not.toContain('kill late 5');
  await world.clock.advance(2000);
  expect(world.done).toContain('kill late 5');
  await world.end();
});

test('one that is called off makes the node ready again, and is waited for anew', async () => {
  const world = aWorld({});
  await world.tell(true);
  await world.tell(false);
  expect(world.manager.shuttingDown()).toBe(false);
  expect(world.done).toEqual(['lock 1', 'release 1', 'lock 2']);
  await world.end();
});

test('logind is told to allow so long a delay', async () => {
  const world = aWorld({ maxDelayMs: 5000 });
  await world.clock.advance(200);
  expect(world.done).toEqual(['raise 25000', 'lock 1']);
  await world.end();
});

test('without logind one line is written, and nothing runs', async () => {
  const world = aWorld({ absent: true });
  await world.clock.advance(60_000);
  expect(world.journal.records).toEqual([{ kind: 'shutdown.notWatched', error: 'no logind', again: false }]);
  await world.end();
});
