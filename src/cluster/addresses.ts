import { BlockList } from 'node:net';

const toNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (n: number): string => [24, 16, 8, 0].map((bits) => Math.floor(n / 2 ** bits) % 256).join('.');

/**
 * A fixed address for each node: the lowest free ones of the subnet (`172.18.0.0/16`). The first address is the
 * gateway's, the last the broadcast's. Answers undefined when there are not enough.
 */
export function chooseAddresses(
  subnet: string,
  taken: readonly string[],
  nodes: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const [base = '', bits = '32'] = subnet.split('/');
  const first = toNumber(base);
  const last = first + 2 ** (32 - Number(bits)) - 1;
  const used = new Set(taken);
  const chosen: Record<string, string> = {};
  let next = first + 2;
  for (const node of nodes) {
    while (next < last && used.has(toText(next))) next += 1;
    if (next >= last) return undefined;
    chosen[node] = toText(next);
    next += 1;
  }
  return chosen;
}

/** Whether two IPv4 CIDRs share an address. */
export function overlap(a: string, b: string): boolean {
  const contains = (outer: string, inner: string): boolean => {
    const [address = '', bits = '32'] = outer.split('/');
    const list = new BlockList();
    list.addSubnet(address, Number(bits));
    return list.check(inner.split('/')[0] ?? '');
  };
  return contains(a, b) || contains(b, a);
}
