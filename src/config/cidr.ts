import { isIPv4, isIPv6 } from 'node:net';

export interface Cidr {
  readonly family: 'ipv4' | 'ipv6';
  /** The network's first address. */
  readonly first: bigint;
  readonly prefixLength: number;
}

/** `10.244.0.0/16` or `fd00::/64`; bits beyond the mask are dropped, as Go does. Undefined when it is no CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', mask, ...rest] = text.split('/');
  if (mask === undefined || rest.length > 0 || !/^\d{1,3}$/.test(mask)) return undefined;
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
  const prefixLength = Number(mask);
  if (family === undefined || prefixLength > bitsOf(family)) return undefined;
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, first: (addressNumber(address, family) >> hostBits) << hostBits, prefixLength };
}

/** Whether any address lies in both. */
export function overlap(a: Cidr, b: Cidr): boolean {
  if (a.family !== b.family) return false;
  const hostBits = BigInt(bitsOf(a.family) - Math.min(a.prefixLength, b.prefixLength));
  return a.first >> hostBits === b.first >> hostBits;
}

export const bitsOf = (family: Cidr['family']): number => (family === 'ipv4' ? 32 : 128);

function addressNumber(address: string, family: Cidr['family']): bigint {
  if (family === 'ipv4') return joinParts(address.split('.').map(Number), 8n);
  return joinParts(ipv6Groups(address), 16n);
}

const joinParts = (parts: readonly number[], bits: bigint): bigint =>
  parts.reduce((sum, part) => (sum << bits) + BigInt(part), 0n);

/** The eight 16-bit groups of a valid IPv6 address, `::` and a dotted IPv4 tail written out. */
function ipv6Groups(address: string): readonly number[] {
  const [head = '', tail] = address.split('::').map(groupsOf);
  const before = head === '' ? [] : head;
  if (tail === undefined) return before;
  return [...before, ...Array<number>(8 - before.length - tail.length).fill(0), ...tail];
}

function groupsOf(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
