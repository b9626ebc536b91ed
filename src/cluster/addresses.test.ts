import { describe, expect, test } from 'vitest';
import { chooseAddresses, overlap } from './addresses.ts';

describe('chooseAddresses', () => {
  test.each<[string, string, string[], string[], Record<string, string> | undefined]>([
    ['the lowest after the gateway', '172.18.0.0/16', [], ['a', 'b'], { a: '172.18.0.2', b: '172.18.0.3' }],
    [
      'taken ones are passed over',
      '172.18.0.0/16',
      ['172.18.0.2', '172.18.0.4'],
      ['a', 'b'],
      { a: '172.18.0.3', b: '172.18.0.5' },
    ],
    [
      'over the end of a byte',
      '10.0.0.0/8',
      Array.from({ length: 254 }, (_, i) => `10.0.0.${i + 2}`),
      ['a'],
      { a: '10.0.1.0' },
    ],
    ['a full subnet', '192.168.1.0/30', ['192.168.1.2'], ['a'], undefined],
  ])('%s', (_name, subnet, taken, nodes, expected) => {
    expect(chooseAddresses(subnet, taken, nodes)).toEqual(expected);
  });
});

test.each([
  ['10.244.0.0/16', '10.96.0.0/16', false],
  ['10.244.0.0/16', '10.244.8.0/24', true],
  ['10.244.8.0/24', '10.244.0.0/16', true],
  ['172.18.0.0/16', '172.18.0.0/16', true],
])('overlap(%s, %s) is %s', (a, b, expected) => expect(overlap(a, b)).toBe(expected));
