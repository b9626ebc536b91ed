import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import type { StatusResponse } from '../../cri/port.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { runtimeState } from './runtime-state.ts';

const noCni = {
  type: 'NetworkReady',
  status: false,
  reason: 'NetworkPluginNotReady',
  message: 'Network plugin returns error: cni plugin not initialized',
};
const ready = (type: string) => ({ type, status: true, reason: '', message: '' });
const answer = (...conditions: (typeof noCni)[]): StatusResponse => ({
  status: { conditions },
  info: {},
  runtimeHandlers: [{ name: 'runc', features: { recursiveReadOnlyMounts: true, userNamespaces: false } }],
  features: { supplementalGroupsPolicy: true, userNamespacesHostNetwork: false, mountOptions: false },
});

function start(first: StatusResponse | Error) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const stop = new AbortController();
  let next = first;
  let pleg: string | undefined;
  let changes = 0;
  const state = runtimeState({
    runtime: {
      status: async () => {
        if (next instanceof Error) throw next;
        return next;
      },
    },
    clock,
    journal,
    plegProblem: () => pleg,
    onChange: () => {
      changes += 1;
    },
  });
  const done = state.run(stop.signal);
  return {
    state,
    clock,
    journal,
    changes: () => changes,
    becomes: (status: StatusResponse | Error) => {
      next = status;
    },
    plegSays: (problem: string | undefined) => {
      pleg = problem;
    },
    end: () => {
      stop.abort();
      return done;
    },
  };
}

const good = answer(ready('RuntimeReady'), ready('NetworkReady'));

describe('why the node is not ready', () => {
  test('nothing is known before the first answer', () => {
    const { state } = start(new Error('unavailable'));
    expect(state.runtimeErrors()).toEqual(['container runtime status check may not have completed yet']);
    expect(state.networkError()).toBe('network state unknown');
  });

  test('all is well', async () => {
    const { state, clock, end } = start(good);
    await clock.advance(0);
    expect(state.runtimeErrors()).toEqual([]);
    expect(state.networkError()).toBeUndefined();
    expect(state.handlers()).toEqual([{ name: 'runc', recursiveReadOnlyMounts: true, userNamespaces: false }]);
    expect(state.supplementalGroupsPolicy()).toBe(true);
    await end();
  });

  test('no network plugin, in the words of the runtime; told once', async () => {
    const { state, clock, journal, end } = start(answer(ready('RuntimeReady'), noCni));
    await clock.advance(10_000);
    expect(state.runtimeErrors()).toEqual([]);
    expect(state.networkError()).toBe(
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
    );
    expect(journal.records.filter(({ kind }) => kind === 'node.networkNotReady')).toHaveLength(1);
    await end();
  });

  test('a runtime that says it is not ready', async () => {
    const { state, clock, end } = start(
      answer({ type: 'RuntimeReady', status: false, reason: 'R', message: 'M' }, ready('NetworkReady')),
    );
    await clock.advance(0);
    expect(state.runtimeErrors()).toEqual(['container runtime not ready: RuntimeReady=false reason:R message:M']);
    await end();
  });

  test('a runtime that has been silent for half a minute', async () => {
    const { state, clock, becomes, journal, end } = start(good);
    await clock.advance(0);
    becomes(new Error('connection refused'));
    await clock.advance(30_000);
    expect(state.runtimeErrors()).toEqual([]);
    await clock.advance(1000);
    expect(state.runtimeErrors()).toEqual(['container runtime is down']);
    expect(journal.records[0]).toEqual({ kind: 'node.runtimeSilent', reason: 'connection refused' });
    becomes(good);
    await clock.advance(5000);
    expect(state.runtimeErrors()).toEqual([]);
    await end();
  });

  test('PLEG', async () => {
    const { state, clock, plegSays, end } = start(good);
    await clock.advance(0);
    plegSays('pleg has yet to be successful');
    expect(state.runtimeErrors()).toEqual(['PLEG is not healthy: pleg has yet to be successful']);
    await end();
  });
});

test('listeners hear of changes, not of polls', async () => {
  const { clock, becomes, changes, end } = start(answer(ready('RuntimeReady'), noCni));
  await clock.advance(20_000);
  expect(changes()).toBe(1);
  becomes(good);
  await clock.advance(1000);
  expect(changes()).toBe(2);
  await end();
});
