import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { failWithoutCertificate } from './deadline.ts';
import type { StoredCertificate } from './store.ts';

const start = Date.UTC(2026, 0, 1);
const until = (ms: number): StoredCertificate => ({
  pem: '',
  notBefore: new Date(start),
  notAfter: new Date(start + ms),
});
const minute = 60_000;

function run(current: StoredCertificate | undefined, answers = true) {
  const clock = new FakeClock(start);
  const stop = new AbortController();
  const world = { current, answers };
  let ended: unknown;
  failWithoutCertificate(
    { current: () => world.current, clock, serverAnswers: async () => world.answers },
    stop.signal,
  ).then(
    () => {
      ended = 'stopped';
    },
    (error: unknown) => {
      ended = error;
    },
  );
  return { clock, world, stop, ended: () => ended };
}

const failure = expect.objectContaining({ code: 'NO_CLIENT_CERTIFICATE' });

test('a certificate that holds is fine for as long as it does', async () => {
  const { clock, ended } = run(until(10 * minute));
  await clock.advance(9 * minute);
  expect(ended()).toBeUndefined();
  await clock.advance(minute);
  expect(ended()).toEqual(failure);
});

test('a first one is waited for, but not for ever', async () => {
  const { clock, ended } = run(undefined);
  await clock.advance(4 * minute);
  expect(ended()).toBeUndefined();
  await clock.advance(minute);
  expect(ended()).toEqual(failure);
});

test('after a start with one that had ended, the next one is waited for', async () => {
  const { clock, ended } = run(until(-minute));
  await clock.advance(4 * minute);
  expect(ended()).toBeUndefined();
  await clock.advance(minute);
  expect(ended()).toEqual(failure);
});

test('while the API server is away nothing is lost by waiting', async () => {
  const { clock, world, ended } = run(until(minute), false);
  await clock.advance(60 * minute);
  expect(ended()).toBeUndefined();
  world.answers = true;
  await clock.advance(minute);
  expect(ended()).toEqual(failure);
});

test('a new one in time ends the waiting', async () => {
  const { clock, world, stop, ended } = run(undefined);
  await clock.advance(4 * minute);
  world.current = until(60 * minute);
  await clock.advance(4 * minute);
  expect(ended()).toBeUndefined();
  stop.abort();
  await clock.advance(0);
  expect(ended()).toBe('stopped');
});
