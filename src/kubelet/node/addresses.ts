import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { NodeAddress } from '../../api/types.ts';

/** An address that a node can be reached at. */
export const usableAddress = (ip: string): boolean =>
  isIP(ip) !== 0 && !/^(127\.|0\.0\.0\.0$|169\.254\.|22[4-9]\.|23\d\.|::1?$|fe80:|ff)/i.test(ip);

/** This machine's own addresses, the interface of the default route first. */
export function localAddresses(): readonly string[] {
  const route = defaultInterface();
  const entries = Object.entries(networkInterfaces()).sort(([a], [b]) => Number(b === route) - Number(a === route));
  return entries.flatMap(([, addresses]) => (addresses ?? []).map(({ address }) => address)).filter(usableAddress);
}

function defaultInterface(): string | undefined {
  try {
    const rows = readFileSync('/proc/net/route', 'utf8').split('\n').slice(1);
    return rows.map((row) => row.split('\t')).find(([, destination]) => destination === '00000000')?.[0];
  } catch {
    return undefined;
  }
}

export interface NodeAddressOptions {
  readonly nodeName: string;
  /** --node-ip: one address, a pair `v4,v6`, or `0.0.0.0`/`::` for a family; empty: found out. */
  readonly nodeIp: string;
}

/** The addresses of the node's own, most important first; empty while it has none. */
export async function findNodeIps({ nodeName, nodeIp }: NodeAddressOptions): Promise<readonly string[]> {
  const local = localAddresses();
  const given = nodeIp
    .split(',')
    .map((ip) => ip.trim())
    .filter((ip) => isIP(ip) !== 0);
  const exact = given.filter((ip) => usableAddress(ip) && local.includes(ip));
  if (exact.length > 0) return exact;
  const wantsSix = given.includes('::');
  const ofFamily = (ip: string) => isIPv4(ip) !== wantsSix;
  if (isIP(nodeName) !== 0) return [nodeName];
  const resolved = await lookup(nodeName, { all: true }).catch(() => []);
  const named = resolved
    .map(({ address }) => address)
    .filter((ip) => usableAddress(ip) && local.includes(ip) && ofFamily(ip));
  return [...named, ...local.filter(ofFamily)].slice(0, 1);
}

/** status.addresses. */
export const renderAddresses = (nodeName: string, ips: readonly string[]): NodeAddress[] => [
  ...ips.map((address) => ({ type: 'InternalIP', address })),
  { type: 'Hostname', address: nodeName },
];
