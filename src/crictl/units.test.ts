import { describe, expect, test } from 'vitest';
import { ago, humanSize, parseDuration, shortId, shownImage } from './units.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('ago', () => {
  test.each([
    [10, 'Less than a second ago'],
    [1 * second, '1 second ago'],
    [59 * second, '59 seconds ago'],
    [60 * second, 'About a minute ago'],
    [5 * minute, '5 minutes ago'],
    [60 * minute, 'About an hour ago'],
    [5 * hour, '5 hours ago'],
    [72 * hour, '3 days ago'],
    [24 * 21 * hour, '3 weeks ago'],
    [24 * 90 * hour, '3 months ago'],
    [24 * 365 * 3 * hour, '3 years ago'],
  ])('%i ms → %s', (ms, text) => expect(ago(ms)).toBe(text));
});

test.each([
  [0, '0B'],
  [999, '999B'],
  [27_123_456, '27.1MB'],
  [1_234, '1.23kB'],
  [2_000_000_000, '2GB'],
])('humanSize(%i) → %s', (bytes, text) => expect(humanSize(bytes)).toBe(text));

test.each([
  ['1h30m', 90 * minute],
  ['250ms', 250],
  ['1.5s', 1500],
  ['5', undefined],
  ['soon', undefined],
])('parseDuration(%s) → %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

test('shortId leaves the digest’s algorithm out', () => {
  expect(shortId('sha256:0123456789abcdef')).toBe('0123456789abc');
});

test('shownImage shortens IDs only', () => {
  const id = `sha256:${'0123456789abcdef'.repeat(4)}`;
  expect(shownImage(id, true)).toBe('0123456789abc');
  expect(shownImage(id, false)).toBe(id);
  expect(shownImage('registry.k8s.io/etcd:3.7.0-0', true)).toBe('registry.k8s.io/etcd:3.7.0-0');
});
