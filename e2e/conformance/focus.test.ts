import { expect, test } from 'vitest';
import { focusPattern } from './focus.ts';

const conformance = '[sig-node] Pods should be updated [NodeConformance] [Conformance]';
const nodeOnly = '[sig-storage] EmptyDir volumes should support (root,0644) [NodeConformance]';
const other = '[sig-network] Services should serve [Conformance]';

test.each([
  ['sig-node', [conformance]],
  ['NodeConformance', [conformance, nodeOnly]],
  ['node', [conformance, nodeOnly]],
  ['Conformance', [conformance, other]],
  ['Services', [other]],
])('%s', (focus, matching) => {
  const pattern = new RegExp(focusPattern(focus));
  expect([conformance, nodeOnly, other].filter((name) => pattern.test(name))).toEqual(matching);
});

test('what is no regular expression is refused', () => {
  expect(() => focusPattern('Pods (')).toThrow(SyntaxError);
});
