import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { passesByItself, volumeRetries } from './retry.ts';

const never = new AbortController().signal;

function setUp() {
  const clock = new FakeClock();
  return { clock, retries: volumeRetries(clock), startedAt: clock.now() };
}

test('the pauses double, up to two minutes and two seconds', () => {
  const { clock, retries } = setUp();
  const pauses = Array.from({ length: 10 }, () => retries.failed('u', 'v') - clock.now());
  expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 122_000, 122_000]);
});

test('each volume has its own, and success begins anew', () => {
  const { clock, retries } = setUp();
  retries.failed('u', 'v');
  expect(retries.failed('u', 'other') - clock.now()).toBe(500);
  expect(retries.failed('u2', 'v') - clock.now()).toBe(500);
  retries.succeeded('u', 'v');
  expect(retries.failed('u', 'v') - clock.now()).toBe(500);
});

test('a volume that never failed is due at once; one that did, when its pause is over', async () => {
  const { clock, retries, startedAt } = setUp();
  await retries.due('u', 'v', never);
  retries.failed('u', 'v');
  let at: number | undefined;
  const due = retries.due('u', 'v', never).then(() => {
    at = clock.now() - startedAt;
  });
  await clock.advance(10_000);
  await due;
  expect(at).toBe(500);
});

test('a change of what it waits for ends the pause, of this pod only', async () => {
  const { clock, retries } = setUp();
  for (const uid of ['u', 'other']) retries.failed(uid, 'v');
  const ended: string[] = [];
  const waits = ['u', 'other'].map((uid) => retries.due(uid, 'v', never).then(() => ended.push(uid)));
  retries.hurry('u');
  await waits[0];
  expect(ended).toEqual(['u']);
  await retries.due('u', 'v', never);
  await clock.advance(500);
  await Promise.all(waits);
  expect(ended).toEqual(['u', 'other']);
});

test('the end of the sync ends the wait', async () => {
  const { retries } = setUp();
  retries.failed('u', 'v');
  const stop = new AbortController();
  const due = retries.due('u', 'v', stop.signal);
  stop.abort(new Error('the pod is being terminated'));
  await expect(due).rejects.toThrow('the pod is being terminated');
});

test.each([
  ['serviceaccounts "default" is forbidden: no relationship found between node \'n\' and this object', 100, true],
  ['node requested token bound to a pod scheduled on a different node', 100, true],
  ['no relationship found between node', 1000, false],
  ['secrets "x" not found', 0, false],
])('%s, %d ms after the pod came: passes by itself: %s', (problem, sinceMs, wanted) => {
  expect(passesByItself(problem, sinceMs)).toBe(wanted);
});
