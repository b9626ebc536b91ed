import { expect, test } from 'vitest';
import { formatGoDuration } from '../go-duration.ts';
import { parseGoDuration } from './duration.ts';

test.each([
  ['0', 0],
  ['0s', 0],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['100us', 0.1],
  ['-2s', -2000],
  ['2h5m1s', 7_501_000],
])('%s is %d ms', (text, ms) => expect(parseGoDuration(text)).toBe(ms));

test.each(['', '5', 's', '5 s', '1m 2s', '1d'])('%j is no duration', (text) =>
  expect(() => parseGoDuration(text)).toThrow('invalid duration'),
);

test.each(['1m0s', '4h0m0s', '100ms', '0s', '1m30s'])('%s is printed as it is written', (text) =>
  expect(formatGoDuration(parseGoDuration(text))).toBe(text),
);
