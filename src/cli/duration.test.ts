import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

test.each([
  ['0', 0],
  ['0s', 0],
  ['90s', 90_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['', undefined],
  ['5', undefined],
  ['-5s', undefined],
  ['5 m', undefined],
  ['5d', undefined],
])('parse %j', (text, want) => {
  expect(parseDuration(text)).toBe(want);
});

test.each([
  [0, '0 ms'],
  [849.6, '850 ms'],
  [4_230, '4.2 s'],
  [59_960, '1 m 00 s'],
  [65_400, '1 m 05 s'],
])('format %d', (ms, want) => {
  expect(formatDuration(ms)).toBe(want);
});
