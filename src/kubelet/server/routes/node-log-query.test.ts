import { expect, test } from 'vitest';
import {
  BadNodeLogQuery,
  journalArguments,
  type NodeLogQuery,
  parseNodeLogQuery,
  validateNodeLogQuery,
} from './node-log-query.ts';

const parse = (query: string) => parseNodeLogQuery(new URLSearchParams(query));

test.each<[string, Partial<NodeLogQuery> | undefined]>([
  ['', undefined],
  ['verbose=1', undefined],
  ['query=kubelet&query=containerd', { services: ['kubelet', 'containerd'], files: [] }],
  ['query=/syslog', { services: [], files: ['/syslog'] }],
  ['query=kubelet&query=%20', { services: ['kubelet'] }],
  ['query=kubelet&tailLines=5&boot=-1&pattern=a.b', { tailLines: 5, boot: -1, pattern: 'a.b' }],
  ['query=kubelet&sinceTime=2026-01-02T03:04:05Z', { sinceTime: new Date('2026-01-02T03:04:05Z') }],
])('%s', (query, expected) => {
  const parsed = parse(query);
  if (expected === undefined) expect(parsed).toBeUndefined();
  else expect(parsed).toMatchObject(expected);
});

test.each([
  ['query=%20%20', 'query: Invalid value: "  ": may not be empty'],
  ['query=kubelet&sinceTime=yesterday', 'sinceTime: Invalid value: "yesterday": invalid time format'],
  ['query=kubelet&tailLines=many', 'tailLines: Invalid value: "many"'],
  ['query=kubelet&boot=x', 'boot: Invalid value: "x"'],
])('%s cannot be read', (query, problem) => {
  expect(() => parse(query)).toThrow(problem);
  expect(() => parse(query)).toThrow(BadNodeLogQuery);
});

test.each([
  ['query=kubelet', undefined],
  ['query=/syslog', undefined],
  ['tailLines=5', 'cannot be empty with options'],
  ['query=a&query=b&query=c&query=d&query=e', 'must have at most 4 items'],
  ['query=kubelet%3Brm', 'input contains unsupported characters'],
  ['query=--unit%3Dx', 'input contains unsupported characters'],
  [`query=${'x'.repeat(257)}`, 'length must be less than 256'],
  ['query=kubelet&query=/syslog', 'cannot specify a file and service'],
  ['query=/a&query=/b', 'cannot specify more than one file'],
  ['query=/syslog&tailLines=5', 'cannot specify file with options'],
  ['query=kubelet&boot=1', 'must be less than 1'],
  ['query=kubelet&tailLines=100001', 'must be between 0 and 100000'],
  ['query=kubelet&pattern=%28', 'pattern: Invalid value: "("'],
  ['query=kubelet&sinceTime=2026-01-02T03:04:05Z&untilTime=2026-01-01T03:04:05Z', 'must be after `sinceTime`'],
])('%s: %s', (query, problem) => {
  const parsed = parse(query);
  if (parsed === undefined) throw new Error('no query');
  const problems = validateNodeLogQuery(parsed);
  if (problem === undefined) expect(problems).toEqual([]);
  else expect(problems.join()).toContain(problem);
});

test('what journalctl is asked', () => {
  const query = parse(
    'query=kubelet&query=containerd&tailLines=5&pattern=-x&boot=-1&sinceTime=2026-01-02T03:04:05%2B01:00',
  );
  if (query === undefined) throw new Error('no query');
  expect(journalArguments(query)).toEqual([
    '--utc',
    '--no-pager',
    '--output=short-precise',
    '--since=2026-01-02 02:04:05',
    '--pager-end',
    '--lines=5',
    '--unit=kubelet',
    '--unit=containerd',
    '--grep=-x',
    '--boot=-1',
  ]);
});
