import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { type DnsConfig, findHostDnsProblem, noHostDns, parseResolvConf } from './dns.ts';

/** The node's own resolver, from the file that resolvConf names; empty: there is none. Rejects when it cannot be read. */
export const readHostDns = async (resolvConf: string): Promise<DnsConfig> =>
  resolvConf === '' ? noHostDns(false) : parseResolvConf(await readFile(resolvConf, 'utf8'));

export interface HostDnsOptions {
  readonly journal: Journal;
  readonly nodeName: string;
  readonly resolvConf: string;
  readonly clusterDomain: string;
}

/** Says on the node, once, when its resolver has more than pods can take over. Never rejects. */
export async function checkHostDns({ journal, nodeName, resolvConf, clusterDomain }: HostDnsOptions): Promise<void> {
  if (resolvConf === '') return;
  const problem = await readHostDns(resolvConf).then(
    (host) => findHostDnsProblem(host, clusterDomain, resolvConf),
    messageOf,
  );
  if (problem !== undefined) journal.write({ kind: 'node.dnsLimited', node: nodeName, message: problem });
}
