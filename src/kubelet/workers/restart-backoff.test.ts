import { expect, test } from 'vitest';
import { RestartBackoff } from './restart-backoff.ts';

const minutes = 60_000;

test('waits 10, 20, 40, 80, 160, 300 seconds, each after the end before it', () => {
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 300_000 });
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    const retry = backoff.retryOf('web', now);
    const wait = retry === undefined ? 0 : retry.at - now;
    waits.push(wait / 1000);
    now += wait;
    backoff.bump('web', now, now);
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('starts from nothing when it ran well for longer than twice the longest wait', () => {
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 300_000 });
  backoff.bump('web', 0, 0);
  expect(backoff.retryOf('web', 10 * minutes)).toEqual({ at: 10 * minutes + 10_000, delayMs: 10_000 });
  expect(backoff.retryOf('web', 10 * minutes + 1)).toBeUndefined();
});

test('a longest wait below the first is the first', () => {
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 1000 });
  backoff.bump('web', 0, 0);
  expect(backoff.retryOf('web', 0)).toEqual({ at: 1000, delayMs: 1000 });
});

test('keys do not know of one another', () => {
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 300_000 });
  backoff.bump('a', 0, 0);
  expect(backoff.retryOf('b', 0)).toBeUndefined();
});

test('of very many keys those that have not failed for long are forgotten', () => {
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 300_000 });
  backoff.bump('old', 0, 0);
  for (let i = 0; i < 500; i += 1) backoff.bump(`new-${i}`, 11 * minutes, 11 * minutes);
  expect(backoff.retryOf('old', 0)).toBeUndefined();
  expect(backoff.retryOf('new-0', 11 * minutes)).toBeDefined();
});
