import type { Pod } from '../../api/types.ts';
import { isHostNetwork, namespaceOf } from '../pod-facts.ts';

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface DnsInputs {
  /** The node's own resolver configuration (the file named by resolvConf). */
  readonly host: DnsConfig;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
}

/** What the pod's resolver becomes, and what Events are due about it. */
export interface PodDns extends DnsConfig {
  /** Upstream's texts of DNSConfigForming Events, one for each kind of thing that had to be left out. */
  readonly forming: readonly string[];
  /** ClusterFirst was asked for, but there is no cluster DNS. */
  readonly missingClusterDns: boolean;
}

const maxServers = 3;
const maxSearches = 32;
const maxSearchChars = 2048;
/** Some resolvers end their process over a longer one. */
const maxDomainChars = 253;
const clusterOptions = ['ndots:5'];

/** The nameservers, searches and options of a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  /** By name: the last one of a name counts. */
  const options = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined) servers.push(words[0]);
    if (keyword === 'search') searches = words.filter((word) => word !== '.').map((word) => word.replace(/\.$/, ''));
    if (keyword === 'options') for (const word of words) options.set(word.split(':')[0] ?? word, word);
  }
  return { servers, searches, options: [...options.values()] };
}

/** The resolver of a node whose resolvConf is empty: nothing but itself. */
export const noHostDns = (ipv6: boolean): DnsConfig => ({
  servers: [ipv6 ? '::1' : '127.0.0.1'],
  searches: ['.'],
  options: [],
});

/** The pod's resolver by its dnsPolicy, with its dnsConfig on top, within the limits of libc. */
export function computePodDns(pod: Pod, { host, clusterDns, clusterDomain }: DnsInputs): PodDns {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const wantsCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod));
  const missingClusterDns = wantsCluster && clusterDns.length === 0;
  const base =
    policy === 'None'
      ? { servers: [], searches: [], options: [] }
      : wantsCluster && !missingClusterDns
        ? {
            servers: clusterDns,
            searches: unique([...clusterSearches(namespaceOf(pod), clusterDomain), ...host.searches]),
            options: clusterOptions,
          }
        : host;
  return { ...limit(withPodConfig(base, pod)), missingClusterDns };
}

const clusterSearches = (namespace: string, domain: string): readonly string[] =>
  domain === '' ? [] : [`${namespace}.svc.${domain}`, `svc.${domain}`, domain];

const unique = (words: readonly string[]): readonly string[] => [...new Set(words)];

function withPodConfig(base: DnsConfig, pod: Pod): DnsConfig {
  const own = pod.spec?.dnsConfig;
  if (own === undefined) return base;
  const options = new Map(
    base.options.map((option) => {
      const [name = '', value] = option.split(/:(.*)/s);
      return [name, value] as const;
    }),
  );
  for (const { name, value } of own.options ?? []) if (name !== undefined) options.set(name, value);
  return {
    servers: unique([...base.servers, ...(own.nameservers ?? [])]),
    searches: unique([...base.searches, ...(own.searches ?? [])]),
    options: [...options].map(([name, value]) => (value ? `${name}:${value}` : name)),
  };
}

function limit(config: DnsConfig): DnsConfig & { readonly forming: readonly string[] } {
  const servers = config.servers.slice(0, maxServers);
  const fitting = config.searches.slice(0, maxSearches).filter(({ length }) => length <= maxDomainChars);
  const searches: string[] = [];
  let chars = 0;
  for (const search of fitting) {
    chars += search.length + (searches.length === 0 ? 0 : 1);
    if (chars > maxSearchChars) break;
    searches.push(search);
  }
  const forming = [
    ...(servers.length < config.servers.length
      ? [
          `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(' ')}`,
        ]
      : []),
    ...(searches.length < config.searches.length
      ? [
          `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(' ')}`,
        ]
      : []),
  ];
  return { servers, searches, options: config.options, forming };
}

/**
 * Why pods cannot have all of the node's search domains, as the Event CheckLimitsForResolvConf says it; undefined: they
 * can. `path` is the file that `host` was read from.
 */
export function findHostDnsProblem(host: DnsConfig, clusterDomain: string, path: string): string | undefined {
  const { searches } = host;
  const room = maxSearches - clusterSearches('', clusterDomain).length;
  if (searches.length > room)
    return `Resolv.conf file '${path}' contains search line consisting of more than ${room} domains!`;
  if (searches.some(({ length }) => length > maxDomainChars))
    return `Resolv.conf file "${path}" contains a search path which length is more than allowed ${maxDomainChars} chars!`;
  if (searches.join(' ').length > maxSearchChars)
    return `Resolv.conf file '${path}' contains search line which length is more than allowed ${maxSearchChars} chars!`;
  return undefined;
}
