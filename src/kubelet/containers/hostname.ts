import type { Pod } from '../../api/types.ts';
import { nameOf, namespaceOf } from '../pod-facts.ts';

const maxHostname = 63;
const maxFqdn = 64;

export interface PodHostname {
  /** As the pod's other containers and its hosts file know it. */
  readonly hostname: string;
  /** `subdomain.namespace.svc.domain`, or empty. */
  readonly domain: string;
  /** What the sandbox's kernel is told; the whole name under setHostnameAsFQDN. */
  readonly nodename: string;
}

const truncate = (name: string): string =>
  name.length <= maxHostname ? name : name.slice(0, maxHostname).replace(/[-.]+$/, '');

/** The pod's host name and domain. Throws when setHostnameAsFQDN makes it longer than the kernel takes. */
export function computeHostname(pod: Pod, clusterDomain: string): PodHostname {
  const spec = pod.spec;
  if (spec?.hostnameOverride !== undefined) {
    return { hostname: spec.hostnameOverride, domain: '', nodename: spec.hostnameOverride };
  }
  const hostname = truncate(spec?.hostname || nameOf(pod));
  const domain = spec?.subdomain ? `${spec.subdomain}.${namespaceOf(pod)}.svc.${clusterDomain}` : '';
  if (spec?.setHostnameAsFQDN !== true || domain === '') return { hostname, domain, nodename: hostname };
  const fqdn = `${hostname}.${domain}`;
  if (fqdn.length > maxFqdn) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${maxFqdn} characters is the max, ${fqdn.length} characters requested)`,
    );
  }
  return { hostname, domain, nodename: fqdn };
}
