import { describe, expect, test } from 'vitest';
import { parseCompareFlags, UsageError } from './flags.ts';
import { sumMetric } from './metrics-text.ts';
import { orderOf } from './order.ts';
import { parseUsage } from './process-usage.ts';

describe('flags', () => {
  const names = ['idle', 'latency'];
  test('without any: five rounds of everything', () => {
    expect(parseCompareFlags([], names)).toEqual({
      rounds: 5,
      only: names,
      out: undefined,
      idleSeconds: 60,
      cluster: undefined,
    });
  });
  test('all of them', () => {
    const argv = '--rounds 2 --only latency --out docs --idle-seconds 5 --cluster lab'.split(' ');
    expect(parseCompareFlags(argv, names)).toEqual({
      rounds: 2,
      only: ['latency'],
      out: 'docs',
      idleSeconds: 5,
      cluster: 'lab',
    });
  });
  test.each([
    [['--rounds', '0'], '--rounds wants a number from 1 up'],
    [['--rounds', 'many'], 'not "many"'],
    [['--only', 'latency,speed'], '--only speed: there is no such measurement, only idle, latency'],
    [['--fast'], '--fast'],
  ])('%j is refused', (argv, text) => {
    expect(() => parseCompareFlags(argv, names)).toThrow(UsageError);
    expect(() => parseCompareFlags(argv, names)).toThrow(text);
  });
});

describe('usage of a process', () => {
  const stat = '152 (kube let) S 1 152 152 0 -1 4194560 1 2 3 4 1150 250 7 8 20 0 12 0 5 1 2 3';
  test('CPU seconds of both kinds, memory and its peak', () => {
    const status = 'Name:\tkubelet\nVmPeak:\t  9999 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n';
    expect(parseUsage(`${stat}\n${status}`)).toEqual({ cpuSeconds: 14, memoryMb: 100, peakMb: 200 });
  });
  test('a kubelet that is gone is an error, not a zero', () => {
    expect(() => parseUsage(`${stat}\nName:\tkubelet\n`)).toThrow('tells no usage');
  });
});

test.each([
  ['over all labels', 'requests_total', 12],
  ['without labels', 'plain', 3.5],
  ['not those whose name only begins so', 'requests', 0],
  ['a label may hold a brace', 'braced', 4],
])('sum of a metric: %s', (_name, metric, expected) => {
  const text = [
    '# HELP requests_total all requests_total 99',
    'requests_total{code="200",method="GET"} 10',
    'requests_total{code="404",method="GET"} 2',
    'plain 3.5',
    'braced{path="/{name}"} 4 1700000000',
  ].join('\n');
  expect(sumMetric(text, metric)).toBe(expected);
});

test('who begins a round is second in the next', () => {
  expect([0, 1, 2].map((round) => orderOf(round)[0])).toEqual(['klab', 'upstream', 'klab']);
});
