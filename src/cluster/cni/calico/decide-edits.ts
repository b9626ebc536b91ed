import { type CalicoFacts, isIpv6, podMtu } from './facts.ts';
import { withFamilies } from './network-config.ts';
import type { CalicoManifest } from './recognise.ts';

/** One change of the manifest. Environment variables and probes are those of the container calico-node. */
export type Edit =
  | { readonly kind: 'setEnv'; readonly name: string; readonly value: string; readonly because: string }
  | { readonly kind: 'setData'; readonly key: string; readonly value: string; readonly because: string }
  | { readonly kind: 'dropArgument'; readonly probe: Probe; readonly argument: string; readonly because: string };

export type Probe = 'livenessProbe' | 'readinessProbe';

/**
 * What has to change in the manifest for this cluster; what is right already is left alone. The names are those of
 * https://docs.tigera.io/calico/latest/reference/configure-calico-node.
 */
export function decideEdits(calico: CalicoManifest, facts: CalicoFacts): readonly Edit[] {
  return [
    ...poolEdits(facts),
    ...encapsulationEdits(facts),
    ...addressEdits(facts),
    ...mtuEdits(calico, facts),
    ...backendEdits(calico, facts),
    ...familyEdits(calico, facts),
  ].filter((edit) => changes(calico, edit));
}

/** An edit as one line: what, and why. */
export function describeEdit(edit: Edit): string {
  switch (edit.kind) {
    case 'setEnv':
      return `${edit.name}=${edit.value}: ${edit.because}`;
    case 'setData':
      return `${edit.key}: ${edit.value.includes('\n') ? 'changed' : edit.value}: ${edit.because}`;
    case 'dropArgument':
      return `${edit.probe} without ${edit.argument}: ${edit.because}`;
  }
}

const env = (name: string, value: string, because: string): Edit => ({ kind: 'setEnv', name, value, because });

function changes({ env: written, data, probes }: CalicoManifest, edit: Edit): boolean {
  switch (edit.kind) {
    case 'setEnv':
      return written.get(edit.name) !== edit.value;
    case 'setData':
      return data[edit.key] !== edit.value;
    case 'dropArgument':
      return probes[edit.probe].includes(edit.argument);
  }
}

function poolEdits({ podSubnets }: CalicoFacts): readonly Edit[] {
  return podSubnets.map((subnet) =>
    env(
      isIpv6(subnet) ? 'CALICO_IPV6POOL_CIDR' : 'CALICO_IPV4POOL_CIDR',
      subnet,
      'pods get their addresses from networking.podSubnet',
    ),
  );
}

function encapsulationEdits({ encapsulation, podSubnets }: CalicoFacts): readonly Edit[] {
  const because = `traffic between nodes: ${encapsulation}`;
  const on = (is: boolean): string => (is ? 'Always' : 'Never');
  return [
    env('CALICO_IPV4POOL_IPIP', on(encapsulation === 'ipip'), because),
    env('CALICO_IPV4POOL_VXLAN', on(encapsulation === 'vxlan'), because),
    ...(podSubnets.some(isIpv6) ? [env('CALICO_IPV6POOL_VXLAN', on(encapsulation === 'vxlan'), because)] : []),
  ];
}

/** Nodes may have interfaces besides that of klab's network: the one to use is the one Kubernetes knows. */
function addressEdits({ podSubnets }: CalicoFacts): readonly Edit[] {
  const because = 'a node is reached at the address that Kubernetes has for it';
  const method = 'kubernetes-internal-ip';
  const hasIpv4 = podSubnets.some((subnet) => !isIpv6(subnet));
  const ipv4 = [env('IP', 'autodetect', because), env('IP_AUTODETECTION_METHOD', method, because)];
  const ipv6 = [env('IP6', 'autodetect', because), env('IP6_AUTODETECTION_METHOD', method, because)];
  return [
    ...(hasIpv4 ? ipv4 : [env('IP', 'none', 'the cluster has no IPv4')]),
    ...(podSubnets.some(isIpv6) ? ipv6 : []),
  ];
}

function mtuEdits({ data }: CalicoManifest, facts: CalicoFacts): readonly Edit[] {
  const value = String(podMtu(facts));
  const because = `the nodes' own MTU is ${facts.nodeMtu}, less what ${facts.encapsulation} adds`;
  if ('veth_mtu' in data) return [{ kind: 'setData', key: 'veth_mtu', value, because }];
  return ['FELIX_IPINIPMTU', 'FELIX_VXLANMTU'].map((name) => env(name, value, because));
}

/** Only BIRD hands around routes for IPIP and for no tunnel; with VXLAN it does not run, and must not be probed. */
function backendEdits(_calico: CalicoManifest, { encapsulation }: CalicoFacts): readonly Edit[] {
  if (encapsulation !== 'vxlan') {
    return [{ kind: 'setData', key: 'calico_backend', value: 'bird', because: `${encapsulation} needs BGP's routes` }];
  }
  const because = 'VXLAN needs no BGP';
  return [
    { kind: 'setData', key: 'calico_backend', value: 'vxlan', because },
    { kind: 'dropArgument', probe: 'livenessProbe', argument: '-bird-live', because },
    { kind: 'dropArgument', probe: 'readinessProbe', argument: '-bird-ready', because },
  ];
}

function familyEdits({ data }: CalicoManifest, { podSubnets }: CalicoFacts): readonly Edit[] {
  const ipv6 = podSubnets.some(isIpv6);
  if (!ipv6) return [];
  const ipv4 = podSubnets.some((subnet) => !isIpv6(subnet));
  const because = ipv4 ? 'the cluster has IPv4 and IPv6' : 'the cluster has IPv6 only';
  const config = withFamilies(data.cni_network_config ?? '', { ipv4, ipv6 });
  return [
    env('FELIX_IPV6SUPPORT', 'true', because),
    env('CALICO_IPV6POOL_NAT_OUTGOING', 'true', 'pods reach the outside as their node, as over IPv4'),
    // BIRD's router id is an IPv4 address: without one it is made from the node's name.
    ...(ipv4 ? [] : [env('CALICO_ROUTER_ID', 'hash', because)]),
    ...(config === undefined ? [] : [{ kind: 'setData', key: 'cni_network_config', value: config, because } as const]),
  ];
}
