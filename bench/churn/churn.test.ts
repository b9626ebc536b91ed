import { describe, expect, test } from 'vitest';
import { decideLeaks, decideMemoryLeak } from './decide.ts';
import { type HoldingName, type Holdings, holdingScripts, parseHoldings, renderHoldingsScript } from './holdings.ts';

const someHoldings = (changes: Partial<Record<HoldingName, number>> = {}): Holdings => ({
  ...(Object.fromEntries(Object.keys(holdingScripts).map((name) => [name, 10])) as Record<HoldingName, number>),
  ...changes,
});

test.each<[string, Partial<Record<HoldingName, number>>, readonly string[]]>([
  ['nothing is more', {}, []],
  ['one mount more', { mounts: 11 }, ['mounts']],
  ['one cgroup more is within what the runtime does', { cgroups: 11 }, []],
  ['many more files', { openFiles: 31 }, ['openFiles']],
  ['some more files', { openFiles: 30 }, []],
  ['less of everything', { mounts: 1, sandboxes: 0 }, []],
  ['memory is not judged by two moments', { memoryMb: 500 }, []],
  ['several at once', { networkNamespaces: 12, podFolders: 11 }, ['networkNamespaces', 'podFolders']],
])('%s', (_name, changes, expected) => {
  expect(decideLeaks(someHoldings(), someHoldings(changes)).map(({ what }) => what)).toEqual(expected);
});

describe('memory', () => {
  test.each<[string, readonly number[], boolean]>([
    ['flat', [100, 120, 120, 121, 119, 120, 122, 120, 121], false],
    ['it warms up, then stays', [60, 90, 110, 119, 120, 121, 120, 121, 120], false],
    ['it grows all the time', [100, 120, 140, 160, 180, 200, 220, 240, 260], true],
    ['one collection that is late', [100, 100, 100, 100, 100, 100, 100, 180, 100], false],
    ['too short to say', [10, 100, 1000], false],
    ['small sums that grow by little', [10, 10, 10, 10, 10, 10, 15, 15, 15], false],
  ])('%s', (_name, course, leaks) => {
    expect(decideMemoryLeak(course) !== undefined).toBe(leaks);
  });
});

test('what the script is to print is what is read', () => {
  const printed = Object.keys(holdingScripts).map((name, i) => `${name} ${i}`);
  expect(parseHoldings(printed.join('\n')).openFiles).toBe(1);
  for (const name of Object.keys(holdingScripts)) expect(renderHoldingsScript()).toContain(`echo ${name} $(`);
});

test('what was not counted is an error, not a zero', () => {
  const printed = Object.keys(holdingScripts).map((name) => (name === 'mounts' ? 'mounts ' : `${name} 1`));
  expect(() => parseHoldings(printed.join('\n'))).toThrow('not counted on the node: mounts');
});
