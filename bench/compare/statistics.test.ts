import { expect, test } from 'vitest';
import { computeQuantile, computeSummary } from './statistics.ts';

test.each([
  ['an odd number of values: the middle one', [3, 1, 2], 0.5, 2],
  ['an even number: between the two in the middle', [4, 1, 2, 3], 0.5, 2.5],
  ['the smallest', [5, 4, 9], 0, 4],
  ['the largest', [5, 4, 9], 1, 9],
  ['between two neighbours, by its part', [0, 10], 0.25, 2.5],
  ['one value is every quantile', [7], 0.99, 7],
])('%s', (_name, values, share, expected) => {
  expect(computeQuantile(values, share)).toBe(expected);
});

test('no values have no quantile', () => {
  expect(computeQuantile([], 0.5)).toBeNaN();
  expect(computeSummary([])).toEqual({ count: 0, median: Number.NaN, smallest: Number.NaN, largest: Number.NaN });
});

test('the values stay as they were given', () => {
  const values = [3, 1, 2];
  expect(computeSummary(values)).toEqual({ count: 3, median: 2, smallest: 1, largest: 3 });
  expect(values).toEqual([3, 1, 2]);
});
