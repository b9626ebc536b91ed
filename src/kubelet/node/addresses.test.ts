import { describe, expect, test } from 'vitest';
import { findNodeIps, localAddresses, renderAddresses, usableAddress } from './addresses.ts';

test.each([
  ['172.18.0.2', true],
  ['fd00::2', true],
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['169.254.1.1', false],
  ['224.0.0.1', false],
  ['239.1.2.3', false],
  ['::1', false],
  ['::', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['node', false],
])('%s can be a node address: %s', (ip, usable) => expect(usableAddress(ip)).toBe(usable));

describe('the node addresses', () => {
  const [own = ''] = localAddresses();
  const find = (nodeIp: string, nodeName = 'no-such-host.invalid') => findNodeIps({ nodeName, nodeIp });

  test('--node-ip, where the machine has it', async () => expect(await find(own)).toEqual([own]));
  test('not one that is on no interface', async () => expect(await find('192.0.2.77')).not.toContain('192.0.2.77'));
  test('words that are no addresses are passed over', async () =>
    expect(await find(`nonsense, ${own}`)).toEqual([own]));
  test('a node that is named by its address', async () => expect(await find('', '192.0.2.1')).toEqual(['192.0.2.1']));
  test('else one of the machine, of the family asked for', async () => {
    expect(await find('')).toEqual([own]);
    expect((await find('0.0.0.0')).every((ip) => ip.includes('.'))).toBe(true);
    expect((await find('::')).every((ip) => ip.includes(':'))).toBe(true);
  });
});

test('both families, then the name', () =>
  expect(renderAddresses('n1', ['172.18.0.2', 'fd00::2'])).toEqual([
    { type: 'InternalIP', address: '172.18.0.2' },
    { type: 'InternalIP', address: 'fd00::2' },
    { type: 'Hostname', address: 'n1' },
  ]));
