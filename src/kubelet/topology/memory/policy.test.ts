import { expect, test } from 'vitest';
import { assignMemory, decideMemory, listMemoryHints, releaseMemory } from './policy.ts';
import type { MemoryState, NodeMemory } from './state.ts';

const node = (id: number, free: number, more: Partial<NodeMemory> = {}): readonly [number, NodeMemory] => [
  id,
  {
    assignments: 0,
    cells: [id],
    tables: new Map([['memory', { total: 110, systemReserved: 10, allocatable: 100, reserved: 100 - free, free }]]),
    ...more,
  },
];
const wants = (bytes: number) => new Map([['memory', bytes]]);
const none = () => 0;
const free = ({ nodes }: MemoryState) => [...nodes.values()].map(({ tables }) => tables.get('memory')?.free);

test.each<[string, ReadonlyMap<number, NodeMemory>, number, readonly [number, boolean][]]>([
  [
    'one node is enough',
    new Map([node(0, 100), node(1, 100)]),
    50,
    [
      [1, true],
      [2, true],
      [3, false],
    ],
  ],
  ['one node could, but is taken', new Map([node(0, 10), node(1, 10)]), 15, [[3, false]]],
  ['two are needed', new Map([node(0, 100), node(1, 100)]), 150, [[3, true]]],
  ['more than there is', new Map([node(0, 100)]), 150, []],
  [
    'a node that serves containers alone joins no group',
    new Map([node(0, 90, { assignments: 1 }), node(1, 100)]),
    150,
    [],
  ],
  [
    'a group serves its like',
    new Map([node(0, 90, { assignments: 1, cells: [0, 1] }), node(1, 90, { assignments: 1, cells: [0, 1] })]),
    50,
    [[3, false]],
  ],
])('hints: %s', (_name, nodes, bytes, expected) =>
  expect(listMemoryHints(nodes, wants(bytes)).map(({ nodes: mask, preferred }) => [mask, preferred])).toEqual(expected),
);

test.each<[string, number | undefined, boolean, number, string | readonly number[]]>([
  ['nobody says where: the narrowest', undefined, false, 50, [0]],
  ['where it was said', 0b10, true, 50, [1]],
  ['more than fits there: a wider place', 0b01, false, 150, [0, 1]],
  [
    'more than fits anywhere',
    undefined,
    false,
    500,
    '[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available',
  ],
])('decides: %s', (_name, mask, preferred, bytes, expected) => {
  const nodes = new Map([node(0, 100), node(1, 100)]);
  const decision = decideMemory(nodes, wants(bytes), { nodes: mask, preferred }, none);
  expect(decision.kind === 'assign' ? decision.nodes : decision.because).toEqual(expected);
});

test('what was taken is given back, from all nodes of the block', () => {
  const empty: MemoryState = { nodes: new Map([node(0, 100), node(1, 100)]), held: new Map() };
  const block = { nodes: [0, 1], resource: 'memory', bytes: 150 };
  const taken = assignMemory(empty, 'uid', 'main', [block], []);
  expect(free(taken)).toEqual([0, 50]);
  expect(taken.nodes.get(1)).toMatchObject({ assignments: 1, cells: [0, 1] });
  expect(releaseMemory(taken, 'uid', 'main')).toEqual(empty);
});

test('a container takes over what an ended init container had, and no more than it lacks is taken', () => {
  const empty: MemoryState = { nodes: new Map([node(0, 100)]), held: new Map() };
  const of = (bytes: number) => [{ nodes: [0], resource: 'memory', bytes }];
  const init = assignMemory(empty, 'uid', 'init', of(30), []);
  const both = assignMemory(init, 'uid', 'main', of(50), ['init']);
  expect(free(both)).toEqual([50]);
  expect(free(releaseMemory(both, 'uid', 'init'))).toEqual([50]);
});
