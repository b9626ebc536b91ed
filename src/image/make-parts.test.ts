import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import type { ProgressEvent } from '../base/progress.ts';
import { containerdPart } from './go-parts.ts';
import { makeParts } from './make-parts.ts';
import type { Part } from './plan.ts';

const aPart = (name: string, ...needs: readonly string[]): Part => ({
  name,
  key: '1',
  needs,
  recipe: { kind: 'nodejs' },
  result: 'folder',
});
const goPart = (name: string): Part => ({ ...aPart(name), recipe: { kind: 'go', build: containerdPart } });

/** Parts that take a second each, and a diary of what was done. */
function workshop(plan: readonly Part[], { there = [], failing = [] }: { there?: string[]; failing?: string[] } = {}) {
  const clock = new FakeClock();
  const diary: string[] = [];
  const events: ProgressEvent[] = [];
  const result = makeParts({
    plan,
    has: async ({ name }) => there.includes(name),
    make: async ({ name }) => {
      diary.push(`+${name}`);
      await clock.sleep(1000);
      diary.push(`-${name}`);
      if (failing.includes(name)) throw new Error(`${name} broke`);
    },
    clock,
    progress: (event) => events.push(event),
  });
  result.catch(() => undefined);
  return { clock, diary, events, result };
}

test('parts that do not need each other are made side by side, the others after what they need', async () => {
  const { clock, diary, result } = workshop([aPart('a'), aPart('b'), aPart('c', 'a', 'b')]);
  await clock.advance(2000);
  expect(diary).toEqual(['+a', '+b', '-a', '-b', '+c', '-c']);
  expect(await result).toEqual([
    { name: 'a', ms: 1000, cached: false },
    { name: 'b', ms: 1000, cached: false },
    { name: 'c', ms: 1000, cached: false },
  ]);
});

test('a part that two others need is made once', async () => {
  const { clock, diary } = workshop([aPart('a'), aPart('b', 'a'), aPart('c', 'a'), aPart('d', 'b', 'c')]);
  await clock.advance(3000);
  expect(diary.filter((line) => line === '+a')).toHaveLength(1);
});

test('Go builds take turns', async () => {
  const { clock, diary } = workshop([goPart('a'), goPart('b'), aPart('c', 'a', 'b')]);
  await clock.advance(3000);
  expect(diary).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
});

test('what only a cached part needs is not made', async () => {
  const plan = [aPart('a'), aPart('b', 'a'), aPart('c'), aPart('d', 'b', 'c')];
  const { clock, diary, events, result } = workshop(plan, { there: ['b'] });
  await clock.advance(2000);
  expect(diary).toEqual(['+c', '-c', '+d', '-d']);
  expect((await result).map(({ name, cached }) => [name, cached])).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
    ['d', false],
  ]);
  expect(events).toContainEqual({ type: 'stepEnded', step: 'b', ms: 0, cached: true });
});

test('a failure stops what runs, and what waits for its turn is not begun', async () => {
  const clock = new FakeClock();
  const stopped: string[] = [];
  const begun: string[] = [];
  const result = makeParts({
    plan: [aPart('a'), goPart('b'), goPart('c'), aPart('d', 'a', 'b', 'c')],
    has: async () => false,
    make: async ({ name }, signal) => {
      begun.push(name);
      await clock.sleep(name === 'a' ? 1000 : 60_000, signal).catch((reason: unknown) => {
        stopped.push(name);
        throw new Error(`stopped: ${String(reason)}`);
      });
      throw new Error(`${name} broke`);
    },
    clock,
    progress: () => undefined,
  });
  result.catch(() => undefined);
  await clock.advance(1000);
  await expect(result).rejects.toThrow('a broke');
  expect(begun).toEqual(['a', 'b']);
  expect(stopped).toEqual(['b']);
});

test('a user who gives up hears their own reason', async () => {
  const clock = new FakeClock();
  const user = new AbortController();
  const result = makeParts({
    plan: [aPart('a')],
    has: async () => false,
    make: (_part, signal) => clock.sleep(1000, signal),
    clock,
    progress: () => undefined,
    signal: user.signal,
  });
  result.catch(() => undefined);
  await clock.advance(500);
  user.abort(new Error('Ctrl-C'));
  await expect(result).rejects.toThrow('Ctrl-C');
});

test('a failure is told after everything that runs has ended, and nothing is made of it', async () => {
  const { clock, diary, events, result } = workshop([aPart('a'), aPart('b'), aPart('c', 'a', 'b')], { failing: ['a'] });
  await clock.advance(1000);
  await expect(result).rejects.toThrow('a broke');
  expect(diary).toEqual(['+a', '+b', '-a', '-b']);
  expect(events).toContainEqual({ type: 'stepEnded', step: 'a', ms: 1000, error: new Error('a broke') });
});
