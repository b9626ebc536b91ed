import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { startUpMemory } from './start-up-memory.ts';

test('the heap is collected once, when the start is over', async () => {
  const clock = new FakeClock();
  let collections = 0;
  const done = startUpMemory({ clock, collect: () => (collections += 1) }).run(new AbortController().signal);
  await clock.advance(9999);
  expect(collections).toBe(0);
  await clock.advance(1);
  await done;
  await clock.advance(600_000);
  expect(collections).toBe(1);
});

test('nothing is collected by a kubelet that is told to stop', async () => {
  const [clock, stop] = [new FakeClock(), new AbortController()];
  let collections = 0;
  const done = startUpMemory({ clock, collect: () => (collections += 1) }).run(stop.signal);
  stop.abort(new Error('SIGTERM'));
  await expect(done).rejects.toThrow('SIGTERM');
  await clock.advance(600_000);
  expect(collections).toBe(0);
});

test('without a way to collect there is nothing to wait for', () =>
  expect(
    startUpMemory({ clock: new FakeClock(), collect: undefined }).run(new AbortController().signal),
  ).resolves.toBeUndefined());
