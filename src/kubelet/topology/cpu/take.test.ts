import { describe, expect, test } from 'vitest';
import { formatCpuSet, parseCpuSet } from './cpu-set.ts';
import type { CpuTopology } from './cpu-topology.ts';
import { takeDistributed } from './take-distributed.ts';
import { type CpuChoice, takePacked } from './take-packed.ts';
import { buildTopology } from './test-topologies.ts';

const text = (choice: CpuChoice): string => (choice.kind === 'chosen' ? formatCpuSet(choice.cpus) : choice.because);
const plain = { spreadOverCores: false, preferFewCaches: false };

test.each([
  ['', ''],
  ['3', '3'],
  ['5,1-3,2', '1-3,5'],
])('the list %j is %j', (given, written) => expect(formatCpuSet(parseCpuSet(given))).toBe(written));
test.each(['a', '3-1', '1,', '-1'])('%j is no list', (given) => expect(() => parseCpuSet(given)).toThrow());

describe('packed', () => {
  const oneSocket = buildTopology({ cores: 4, threads: 2 });
  const twoSockets = buildTopology({ cores: 6, threads: 2, sockets: 2 });
  const fourNumas = buildTopology({ cores: 8, threads: 1, sockets: 2, numas: 4 });
  const caches = buildTopology({ cores: 8, threads: 2, coresPerCache: 2 });
  test.each<[string, CpuTopology, string, number, string]>([
    ['one thread of the first core', oneSocket, '0-7', 1, '0'],
    ['both threads of a core', oneSocket, '0-7', 2, '0,4'],
    ['a core that is begun, before a whole one', oneSocket, '1-7', 1, '4'],
    ['a whole core, before one that is begun', oneSocket, '1-7', 2, '1,5'],
    ['a socket that is whole', twoSockets, '0-11', 6, '0-2,6-8'],
    ['the whole socket and a thread of the other', twoSockets, '0-11', 7, '0-3,6-8'],
    ['the fuller socket first', twoSockets, '0-3,5-9,11', 2, '3,9'],
    ['sockets before nodes where a socket has several', fourNumas, '0-7', 4, '0-3'],
    ['a node when the socket is begun', fourNumas, '1-7', 2, '2-3'],
    ['everything', oneSocket, '0-7', 8, '0-7'],
    ['nothing', oneSocket, '0-7', 0, ''],
    [
      'more than there is',
      oneSocket,
      '0-2',
      4,
      'not enough cpus available to satisfy request: requested=4, available=3',
    ],
  ])('%s', (_name, topology, available, count, expected) =>
    expect(text(takePacked(topology, parseCpuSet(available), count, plain))).toBe(expected),
  );
  test.each<[string, string, number, string]>([
    ['a whole cache', '1-15', 4, '2-3,10-11'],
    ['the cache that is begun, where it has as many', '1-15', 3, '1,8-9'],
  ])('few caches: %s', (_name, available, count, expected) =>
    expect(text(takePacked(caches, parseCpuSet(available), count, { ...plain, preferFewCaches: true }))).toBe(expected),
  );
  test('spread over cores', () =>
    expect(text(takePacked(oneSocket, parseCpuSet('0-7'), 4, { ...plain, spreadOverCores: true }))).toBe('0-3'));
});

describe('distributed', () => {
  const twoNodes = buildTopology({ cores: 8, threads: 2, sockets: 2 });
  const fourNodes = buildTopology({ cores: 8, threads: 1, sockets: 2, numas: 4 });
  const options = { groupSize: 1, spreadOverCores: false, alignBySocket: false };
  test.each<[string, CpuTopology, string, number, Partial<typeof options>, string]>([
    ['what one node can give comes from one', twoNodes, '0-15', 8, {}, '0-3,8-11'],
    ['half of each node', twoNodes, '0-15', 10, {}, '0-2,4-6,8-9,12-13'],
    ['in whole cores', twoNodes, '0-15', 12, { groupSize: 2 }, '0-2,4-6,8-10,12-14'],
    ['what leaves the nodes most alike', fourNodes, '1-7', 3, {}, '2-4'],
    ['of as good ones, the node of the fuller socket', fourNodes, '0-6', 1, {}, '4'],
    ['rather nodes of one socket', fourNodes, '0-7', 4, { alignBySocket: true }, '0-3'],
    ['not in groups: packed', twoNodes, '0-15', 3, { groupSize: 2 }, '0-1,8'],
  ])('%s', (_name, topology, available, count, more, expected) =>
    expect(text(takeDistributed(topology, parseCpuSet(available), count, { ...options, ...more }))).toBe(expected),
  );
});
