import { describe, expect, test } from 'vitest';
import { unifiedDiff } from './diff.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));

describe('unifiedDiff', () => {
  test.each<[string, string[], string[], string[]]>([
    ['nothing', ['a'], ['a'], []],
    ['a changed line', ['a', 'b', 'c'], ['a', 'x', 'c'], ['@@ -1,3 +1,3 @@', ' a', '-b', '+x', ' c']],
    ['an added line', ['a'], ['a', 'b'], ['@@ -1,1 +1,2 @@', ' a', '+b']],
    ['a removed line', ['a', 'b'], ['b'], ['@@ -1,2 +1,1 @@', '-a', ' b']],
    [
      'two changes far apart',
      numbers(12),
      numbers(12).map((n) => (n === '1' || n === '12' ? `${n}!` : n)),
      ['@@ -1,4 +1,4 @@', '-1', '+1!', ' 2', ' 3', ' 4', '@@ -9,4 +9,4 @@', ' 9', ' 10', ' 11', '-12', '+12!'],
    ],
  ])('%s', (_name, before, after, shown) => {
    const text = unifiedDiff(`${before.join('\n')}\n`, `${after.join('\n')}\n`, 'old', 'new');
    expect(text === '' ? [] : text.trimEnd().split('\n')).toEqual(
      shown.length === 0 ? [] : ['--- old', '+++ new', ...shown],
    );
  });
});
