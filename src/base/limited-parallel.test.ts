import { expect, test } from 'vitest';
import { LimitedParallel } from './limited-parallel.ts';

test('whoever waits has the first place that becomes free, whichever that is', async () => {
  const limited = new LimitedParallel(2);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string) =>
    limited.run(() => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const all = ['a', 'b', 'c', 'd'].map(run);
  expect(begun).toEqual(['a', 'b']);
  ends.get('b')?.();
  await all[1];
  expect(begun).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c']) ends.get(name)?.();
  await all[2];
  ends.get('d')?.();
  await Promise.all(all);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

test('a task that fails makes room too', async () => {
  const limited = new LimitedParallel(1);
  await expect(limited.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await limited.run(async () => 1)).toBe(1);
});
