import { expect, test } from 'vitest';
import { type LabelSelector, matchesLabels } from './label-selector.ts';

const labels = { app: 'web', tier: 'front' };
const needs = (key: string, operator: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, values }],
});

test.each<[string, LabelSelector | undefined, boolean]>([
  ['no selector: nothing', undefined, false],
  ['an empty one: everything', {}, true],
  ['every label as it is', { matchLabels: { app: 'web', tier: 'front' } }, true],
  ['one label differs', { matchLabels: { app: 'web', tier: 'back' } }, false],
  ['one label is missing', { matchLabels: { zone: 'a' } }, false],
  ['In: one of them', needs('app', 'In', 'db', 'web'), true],
  ['In: none of them', needs('app', 'In', 'db'), false],
  ['In: no such label', needs('zone', 'In', ''), false],
  ['NotIn: one of them', needs('app', 'NotIn', 'web'), false],
  ['NotIn: no such label', needs('zone', 'NotIn', 'a'), true],
  ['Exists', needs('app', 'Exists'), true],
  ['Exists: it does not', needs('zone', 'Exists'), false],
  ['DoesNotExist', needs('zone', 'DoesNotExist'), true],
  ['DoesNotExist: it does', needs('app', 'DoesNotExist'), false],
  ['an operator that is not known', needs('app', 'Near', 'web'), false],
  ['labels and requirements together', { matchLabels: { app: 'web' }, ...needs('tier', 'NotIn', 'front') }, false],
])('%s', (_name, selector, expected) => expect(matchesLabels(selector, labels)).toBe(expected));
