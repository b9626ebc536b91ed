import type { Pod } from '../../api/types.ts';

const header = '# Kubernetes-managed hosts file.\n';
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).\n';

const localEntries = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
].join('\n');

type HostAliases = NonNullable<Pod['spec']>['hostAliases'];

function aliases(hostAliases: HostAliases): string {
  if (hostAliases === undefined || hostAliases.length === 0) return '';
  const lines = hostAliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

export interface HostsFileInputs {
  readonly podIps: readonly string[];
  readonly hostname: string;
  /** `subdomain.namespace.svc.cluster.local`; empty without a subdomain. */
  readonly domain: string;
  readonly hostAliases: HostAliases;
}

/** /etc/hosts of a pod with a network of its own. */
export function renderHostsFile({ podIps, hostname, domain, hostAliases }: HostsFileInputs): string {
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`;
  const own = podIps.map((ip) => `${ip}\t${names}\n`).join('');
  return `${header}${localEntries}\n${own}${aliases(hostAliases)}`;
}

/** /etc/hosts of a pod on the host's network: the node's own file, and the pod's aliases. */
export const renderHostNetworkHostsFile = (nodeHosts: string, hostAliases: HostAliases): string =>
  `${hostNetworkHeader}${nodeHosts}${aliases(hostAliases)}`;
