import { expect, test } from 'vitest';
import { commonSysctls, familyOf, nextWorkerNames, parseSysctlLines } from './decide.ts';

test.each([
  [[], 1, ['lab-worker']],
  [['lab-worker', 'lab-control-plane'], 2, ['lab-worker2', 'lab-worker3']],
  [['lab-worker2'], 2, ['lab-worker', 'lab-worker3']],
])('with %j, the next %i are %j', (taken, count, names) => {
  expect(nextWorkerNames('lab', taken, count)).toEqual(names);
});

test.each([
  [
    'all agree',
    [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ],
    { a: '1', b: '2' },
  ],
  ['one has more', [{ a: '1' }, { a: '1', b: '2' }], { a: '1' }],
  ['one differs', [{ a: '1' }, { a: '2' }], {}],
  ['one has none', [{ a: '1' }, {}], {}],
  ['one node alone', [{ a: '1' }], { a: '1' }],
])('settings of the cluster: %s', (_name, nodes, expected) => {
  expect(commonSysctls(nodes as Record<string, string>[])).toEqual(expected);
});

test('settings from the environment', () => {
  expect(parseSysctlLines('net.a=1\nnet.b=x=y\n\nbad')).toEqual({ 'net.a': '1', 'net.b': 'x=y' });
});

test.each([
  ['10.244.0.0/16', 'ipv4'],
  ['fd00::/56', 'ipv6'],
  ['10.244.0.0/16,fd00::/56', 'dual'],
])('%s is %s', (subnet, family) => expect(familyOf(subnet)).toBe(family));
