import { expect, test } from 'vitest';
import { isTooOld } from './errors.ts';

test.each([
  ['1.40', true],
  ['1.41', false],
  ['1.50', false],
  ['2.0', false],
])('API %s is too old: %s', (version, expected) => expect(isTooOld(version)).toBe(expected));
