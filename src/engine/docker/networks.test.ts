import { expect, test } from 'vitest';
import { upperHalf } from './networks.ts';

test.each([
  ['172.18.0.0/16', '172.18.128.0/17'],
  ['192.168.16.0/20', '192.168.24.0/21'],
  ['10.0.0.0/8', '10.128.0.0/9'],
  ['192.168.1.0/24', '192.168.1.128/25'],
])('the upper half of %s is %s', (subnet, expected) => expect(upperHalf(subnet)).toBe(expected));
