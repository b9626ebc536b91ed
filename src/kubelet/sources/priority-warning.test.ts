import { expect, test } from 'vitest';
import type { PodSpec } from '../../api/types.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { aPod } from '../test-builders.ts';
import { findPriorityWarning, priorityWarner } from './priority-warning.ts';

test.each<[string, Partial<PodSpec>, RegExp | undefined]>([
  ['none', {}, undefined],
  ['that of static pods', { priority: 2_000_001_000, priorityClassName: 'system-node-critical' }, undefined],
  [
    'a class alone',
    { priorityClassName: 'system-node-critical' },
    /^Static pod has priorityClassName and nil priority\./,
  ],
  ['a number alone', { priority: 0 }, /^Static pod has priority without priorityClassName\./],
  [
    'another class',
    { priority: 2_000_000_000, priorityClassName: 'system-cluster-critical' },
    /^Static pod has a priority other than 2000001000 or a priorityClassName other than system-node-critical\./,
  ],
])('priority: %s', (_name, spec, text) => {
  const warning = findPriorityWarning(aPod(spec));
  if (text === undefined) expect(warning).toBeUndefined();
  else expect(warning).toMatch(text);
});

test('each doubt is told once', () => {
  const journal = memoryJournal();
  const warn = priorityWarner(journal);
  warn(aPod({ priority: 1 }));
  warn(aPod({ priority: 2 }));
  warn(aPod({ priorityClassName: 'high' }));
  expect(journal.records).toMatchObject([{ pod: 'default/web' }, { text: expect.stringContaining('nil priority') }]);
});
