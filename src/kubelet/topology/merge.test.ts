import { expect, test } from 'vitest';
import type { Hint } from './hints.ts';
import { masksOf } from './hints.ts';
import { type Alignment, type MergeInputs, mergeHints } from './merge.ts';

const good = (nodes: number | undefined): Hint => ({ nodes, preferred: true });
const bad = (nodes: number | undefined): Hint => ({ nodes, preferred: false });
const aligned = (hint: Hint): Alignment => ({ kind: 'aligned', hint });
const refused = expect.objectContaining({ kind: 'refused' }) as Alignment;
const anyHints = [good(0b01), good(0b10), bad(0b11)];

test('sets of nodes come small ones first', () => expect([...masksOf([0, 1, 2])]).toEqual([1, 2, 4, 3, 5, 6, 7]));

test.each<[string, MergeInputs['policy'], readonly (readonly Hint[] | undefined)[], Alignment]>([
  ['nobody cares', 'restricted', [undefined], aligned(good(0b11))],
  ['one resource', 'restricted', [anyHints], aligned(good(0b01))],
  ['two that agree on one node', 'restricted', [anyHints, [good(0b10), bad(0b11)]], aligned(good(0b10))],
  ['two that do not agree, best effort', 'best-effort', [[good(0b01)], [good(0b10)]], aligned(bad(0b11))],
  ['two that do not agree, restricted', 'restricted', [[good(0b01)], [good(0b10)]], refused],
  ['two nodes that all want', 'restricted', [[good(0b11)], [good(0b11)]], aligned(good(0b11))],
  ['two nodes where one is wanted', 'single-numa-node', [[good(0b11)]], refused],
  ['one of two nodes', 'single-numa-node', [anyHints, undefined], aligned(good(0b01))],
  ['nobody cares, single node', 'single-numa-node', [undefined], aligned(good(undefined))],
  ['something cannot be had', 'restricted', [anyHints, []], refused],
  ['something cannot be had, best effort', 'best-effort', [anyHints, []], aligned(bad(0b01))],
  [
    'not preferred: as many nodes as the neediest',
    'best-effort',
    [[bad(0b01), bad(0b11)], [bad(0b11)]],
    aligned(bad(0b11)),
  ],
])('%s', (_name, policy, lists, expected) => {
  const providers = lists.map((list, index) => new Map([[`resource-${index}`, list]]));
  expect(mergeHints(providers, { policy, nodes: [0, 1] })).toEqual(expected);
});

test('of as many nodes those that lie close together', () => {
  const distances = new Map([
    [0, [10, 40, 20]],
    [1, [40, 10, 40]],
    [2, [20, 40, 10]],
  ]);
  const hints = [new Map([['cpu', [good(0b011), good(0b101), good(0b110)]]])];
  const inputs = { policy: 'best-effort', nodes: [0, 1, 2] } as const;
  expect(mergeHints(hints, inputs)).toEqual(aligned(good(0b011)));
  expect(mergeHints(hints, { ...inputs, distances })).toEqual(aligned(good(0b101)));
});
