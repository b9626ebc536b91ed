import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { memoryJournal } from '../journal/journal.ts';
import { parseWatchdog, systemdWatchdog } from './systemd-watchdog.ts';

test.each([
  ['nothing is asked for', {}, undefined],
  ['a minute', { WATCHDOG_USEC: '60000000' }, 60_000],
  ['of this process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '7' }, 2000],
  ['of another process', { WATCHDOG_USEC: '2000000', WATCHDOG_PID: '8' }, undefined],
  ['of another process, and too short', { WATCHDOG_USEC: '1', WATCHDOG_PID: '8' }, undefined],
])('%s', (_name, environment, expected) => expect(parseWatchdog(environment, 7)).toBe(expected));

test.each([
  [{ WATCHDOG_USEC: 'soon' }, 'WATCHDOG_USEC is not a number: "soon"'],
  [{ WATCHDOG_USEC: '1e9' }, 'WATCHDOG_USEC is not a number: "1e9"'],
  [{ WATCHDOG_USEC: '0' }, 'WATCHDOG_USEC must be a positive number'],
  [{ WATCHDOG_USEC: '-5' }, 'WATCHDOG_USEC must be a positive number'],
  [{ WATCHDOG_USEC: '2000000', WATCHDOG_PID: 'me' }, 'WATCHDOG_PID is not a number: "me"'],
  [{ WATCHDOG_USEC: '1000000' }, 'the timeout is too small: 1000000 µs'],
])('%j is refused', (environment, problem) =>
  expect(() => parseWatchdog(environment, 7)).toThrow(`create health checker: configure watchdog: ${problem}`),
);

/** A watchdog of ten seconds; `fails`: so many of the first words do not reach systemd. */
function watchdogWith({ fails = 0 } = {}) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const state = { problem: undefined as string | undefined, words: 0 };
  const stop = new AbortController();
  const notify = async () => {
    state.words += 1;
    if (state.words <= fails) throw new Error('no answer');
  };
  const dog = systemdWatchdog({ timeoutMs: 10_000, clock, journal, problem: () => state.problem, notify });
  const ended = dog.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return { advance: (ms: number) => clock.advance(ms), told: () => journal.records.map(({ kind }) => kind), state };
}

test('the word goes twice a period', async () => {
  const { advance, state } = watchdogWith();
  await advance(4999);
  expect(state.words).toBe(1);
  await advance(5001);
  expect(state.words).toBe(3);
});

test('it is withheld while the kubelet is not well', async () => {
  const { advance, state, told } = watchdogWith();
  await advance(0);
  state.problem = 'pleg was last seen active 4m ago';
  await advance(5000);
  expect(state.words).toBe(1);
  expect(told()).toEqual(['node.watchdog', 'node.watchdogWithheld']);
  state.problem = undefined;
  await advance(5000);
  expect(state.words).toBe(2);
});

test('a word that was lost is said once more', async () => {
  const { advance, state, told } = watchdogWith({ fails: 1 });
  await advance(1000);
  expect(state.words).toBe(2);
  expect(told()).toEqual(['node.watchdog']);
});

test('twice lost is told of, and tried again half a period later', async () => {
  const { advance, state, told } = watchdogWith({ fails: 2 });
  await advance(1000);
  expect(told()).toEqual(['node.watchdog', 'node.watchdogFailed']);
  await advance(5000);
  expect(state.words).toBe(3);
});

test('without a period nothing is said', async () => {
  const clock = new FakeClock();
  const notify = () => Promise.reject(new Error('nobody asked for it'));
  const journal = memoryJournal();
  const dog = systemdWatchdog({ timeoutMs: undefined, clock, journal, problem: () => undefined, notify });
  await dog.run(new AbortController().signal);
  expect(journal.records.map(({ kind }) => kind)).toEqual(['node.watchdog']);
});
