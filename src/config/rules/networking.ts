import { isIP } from 'node:net';
import { bitsOf, type Cidr, overlap, parseCidr } from '../cidr.ts';
import type { ClusterConfig, Networking } from '../model.ts';
import type { Problem } from '../problem.ts';
import { validatePort } from './ports.ts';

/** The API server refuses a service range with more addresses than this many bits count. */
const MAX_SERVICE_BITS = 20;
/** With fewer, there is no tenth address, which is the cluster's DNS. */
const MIN_SERVICE_BITS = 4;
/** What the controller manager cuts for each node, unless told otherwise. */
const NODE_MASK = { ipv4: 24, ipv6: 64 };

export function validateNetworking(config: ClusterConfig): readonly Problem[] {
  const { networking } = config;
  return [
    ...validateAddress(networking.apiServerAddress, 'networking.apiServerAddress'),
    ...validatePort(networking.apiServerPort, 'networking.apiServerPort'),
    ...validateSubnets(networking.podSubnet, networking.ipFamily, 'networking.podSubnet'),
    ...validateSubnets(networking.serviceSubnet, networking.ipFamily, 'networking.serviceSubnet'),
    ...validatePodSubnetSize(config),
    ...validateServiceSubnetSize(networking),
    ...podAndServiceSubnetsApart(networking),
    ...validateDnsSearch(networking.dnsSearch ?? []),
  ];
}

export function validateAddress(address: string, path: string): readonly Problem[] {
  if (isIP(address) !== 0) return [];
  return [{ path, message: `${JSON.stringify(address)} is not an IP address: write one like 127.0.0.1` }];
}

function validateSubnets(text: string, ipFamily: Networking['ipFamily'], path: string): readonly Problem[] {
  const parts = text.split(',');
  const malformed = parts.flatMap((part) => (parseCidr(part) ? [] : [{ path, message: explainCidr(part) }]));
  if (malformed.length > 0) return malformed;
  const families = parsedSubnets(text).map(({ cidr }) => cidr.family);
  if (ipFamily === 'dual') {
    if (families.length === 2 && families[0] !== families[1]) return [];
    return [{ path, message: 'ipFamily is dual: write one IPv4 and one IPv6 range, joined by a comma' }];
  }
  if (families.length > 1) {
    return [{ path, message: `ipFamily is ${ipFamily}: write one range, or set networking.ipFamily to dual` }];
  }
  if (families[0] === ipFamily) return [];
  return [{ path, message: `${text} is not ${ipFamily}: change it, or set networking.ipFamily to ${families[0]}` }];
}

function explainCidr(text: string): string {
  const quoted = JSON.stringify(text);
  if (text !== text.trim()) return `${quoted} is not a CIDR: remove the blanks around it`;
  const family = isIP(text);
  if (family !== 0) return `${quoted} is not a CIDR: add a mask, like ${text}/${family === 4 ? 16 : 56}`;
  return `${quoted} is not a CIDR: write one like 10.244.0.0/16`;
}

function validatePodSubnetSize(config: ClusterConfig): readonly Problem[] {
  // Whoever patches the nodes' mask knows what fits.
  if (config.kubeadmConfigPatches.some((patch) => patch.includes('node-cidr-mask'))) return [];
  return parsedSubnets(config.networking.podSubnet).flatMap(({ text, cidr }) => {
    const nodeMask = NODE_MASK[cidr.family];
    const nodes = config.nodes.length;
    if (2 ** (nodeMask - cidr.prefixLength) >= nodes) return [];
    const needed = nodeMask - Math.ceil(Math.log2(nodes));
    const message = `${text} has no room for ${nodes === 1 ? 'a node, which gets' : `${nodes} nodes, which get`} a /${nodeMask} each: use a range of /${needed} or larger`;
    return [{ path: 'networking.podSubnet', message }];
  });
}

function validateServiceSubnetSize(networking: Networking): readonly Problem[] {
  return parsedSubnets(networking.serviceSubnet).flatMap(({ text, cidr }) => {
    const bits = bitsOf(cidr.family) - cidr.prefixLength;
    const limits = `between /${bitsOf(cidr.family) - MAX_SERVICE_BITS} and /${bitsOf(cidr.family) - MIN_SERVICE_BITS}`;
    if (bits >= MIN_SERVICE_BITS && bits <= MAX_SERVICE_BITS) return [];
    const fault = bits > MAX_SERVICE_BITS ? 'larger than the API server takes' : 'too small for the cluster';
    return [{ path: 'networking.serviceSubnet', message: `${text} is ${fault}: use a mask ${limits}` }];
  });
}

function podAndServiceSubnetsApart(networking: Networking): readonly Problem[] {
  return parsedSubnets(networking.serviceSubnet).flatMap((service) =>
    parsedSubnets(networking.podSubnet).flatMap((pod) => {
      if (!overlap(service.cidr, pod.cidr)) return [];
      const message = `${service.text} overlaps networking.podSubnet ${pod.text}: choose ranges that share no address`;
      return [{ path: 'networking.serviceSubnet', message }];
    }),
  );
}

function validateDnsSearch(domains: readonly string[]): readonly Problem[] {
  return domains.flatMap((domain, i) => {
    if (
      domain === '.' ||
      /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(domain)
    ) {
      return [];
    }
    const message = `${JSON.stringify(domain)} is not a domain: write one like corp.example.com`;
    return [{ path: `networking.dnsSearch[${i}]`, message }];
  });
}

const parsedSubnets = (text: string): readonly { readonly text: string; readonly cidr: Cidr }[] =>
  text.split(',').flatMap((part) => {
    const cidr = parseCidr(part);
    return cidr === undefined ? [] : [{ text: part, cidr }];
  });
