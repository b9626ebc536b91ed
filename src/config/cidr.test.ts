import { expect, test } from 'vitest';
import { overlap, parseCidr } from './cidr.ts';

test.each([
  ['10.244.3.1/16', { family: 'ipv4', first: 0x0af40000n, prefixLength: 16 }],
  ['0.0.0.0/0', { family: 'ipv4', first: 0n, prefixLength: 0 }],
  ['255.255.255.255/32', { family: 'ipv4', first: 0xffffffffn, prefixLength: 32 }],
  ['fd00:10:244::/56', { family: 'ipv6', first: 0xfd000010024400000000000000000000n, prefixLength: 56 }],
  ['::1/128', { family: 'ipv6', first: 1n, prefixLength: 128 }],
  ['::ffff:1.2.3.4/128', { family: 'ipv6', first: 0xffff01020304n, prefixLength: 128 }],
  ['1:2:3:4:5:6:7:8/128', { family: 'ipv6', first: 0x00010002000300040005000600070008n, prefixLength: 128 }],
  ['10.0.0.0', undefined],
  ['10.0.0.0/', undefined],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0/8/8', undefined],
  ['10.0.0/8', undefined],
  ['fe80::1%eth0/64', undefined],
  ['fd00::/129', undefined],
])('%s', (text, want) => {
  expect(parseCidr(text)).toEqual(want);
});

test.each([
  ['one inside the other', '10.0.0.0/8', '10.244.0.0/16', true],
  ['the same', '10.0.0.0/8', '10.0.0.0/8', true],
  ['side by side', '10.0.0.0/9', '10.128.0.0/9', false],
  ['another family', '0.0.0.0/0', '::/0', false],
  ['IPv6 inside', 'fd00::/8', 'fd00:10::/64', true],
])('overlap: %s', (_name, a, b, want) => {
  const [first, second] = [parseCidr(a), parseCidr(b)];
  if (first === undefined || second === undefined) throw new Error('the case is malformed');
  expect(overlap(first, second)).toBe(want);
  expect(overlap(second, first)).toBe(want);
});
