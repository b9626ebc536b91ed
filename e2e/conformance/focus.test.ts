import { expect, test } from 'vitest';
import { selectTests } from './focus.ts';

const conformance = '[sig-node] Pods should be updated [NodeConformance] [Conformance]';
const patient =
  '[sig-node] Probing container should *not* be restarted with an exec probe [NodeConformance] [Conformance]';
const serial = '[sig-node] NoExecuteTaintManager removing taint cancels eviction [Disruptive] [Conformance] [Serial]';
const storage = '[sig-storage] EmptyDir volumes should support (root,0644) [Conformance] [NodeConformance]';
const nodeOnly = '[sig-storage] EmptyDir volumes with FSGroup [NodeConformance]';
const other = '[sig-network] Services should serve [Conformance]';
const claims = '[sig-node] [DRA] kubelet [Feature:DynamicResourceAllocation] registers plugin';
const alpha = '[sig-node] [DRA] kubelet [Feature:DynamicResourceAllocation] skips [Alpha] [Feature:OffByDefault]';
const shared =
  '[sig-node] [DRA] kubelet [Feature:DynamicResourceAllocation] on single node supports external claim referenced by multiple pods';
const all = [conformance, patient, serial, storage, nodeOnly, other, claims, alpha, shared];

test.each([
  ['sig-node', [conformance, patient, serial]],
  ['NodeConformance', [conformance, patient, storage, nodeOnly]],
  ['node', [conformance, patient, serial, storage, nodeOnly]],
  ['Conformance', [conformance, patient, serial, storage, other]],
  ['quick', [conformance, storage, shared]],
  ['DRA', [claims, shared]],
  ['Services', [other]],
])('%s', (name, matching) => {
  const { focus, skip } = selectTests(name);
  const selected = all.filter((test) => new RegExp(focus).test(test) && !(skip && new RegExp(skip).test(test)));
  expect(selected).toEqual(matching);
});

test('what is no regular expression is refused', () => {
  expect(() => selectTests('Pods (')).toThrow(SyntaxError);
});
