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
  /** Upstream's text of the DNSConfigForming event, when something had to be left out. */
  readonly forming: string | undefined;
  /** ClusterFirst was asked for, but there is no cluster DNS. */
  readonly missingClusterDns: boolean;
}

const maxServers = 3;
const maxSearches = 32;
const maxSearchChars = 2048;
const clusterOptions = ['ndots:5'];

/** The nameservers, searches and options of a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && words[0] !== undefined) servers.push(words[0]);
    if (keyword === 'search') searches = words.map((word) => (word === '.' ? word : word.replace(/\.$/, '')));
    if (keyword === 'options') options = [...options, ...words];
  }
  return { servers, searches, options };
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

function limit(config: DnsConfig): DnsConfig & { readonly forming: string | undefined } {
  const servers = config.servers.slice(0, maxServers);
  const searches: string[] = [];
  let chars = 0;
  for (const search of config.searches.slice(0, maxSearches)) {
    chars += search.length + (searches.length === 0 ? 0 : 1);
    if (chars > maxSearchChars) break;
    searches.push(search);
  }
  const problems = [
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
  return { servers, searches, options: config.options, forming: problems.length > 0 ? problems.join('; ') : undefined };
}
