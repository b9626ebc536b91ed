/** What a network leaves on nodes, besides its objects in the API server. */
export interface NetworkTraces {
  /** Interfaces that are deleted. */
  readonly interfaces: readonly RegExp[];
  /** Interfaces that the kernel itself makes and does not let go: they lose their addresses and are set down. */
  readonly emptied: readonly string[];
  /** Routes that carry this mark. */
  readonly routeProtocols: readonly string[];
  /** Chains of iptables, by how their names begin. */
  readonly chains: readonly string[];
  /** What rules of its own in others' chains have in them. */
  readonly ruleMarks: readonly string[];
  /** Files and folders, absolute. */
  readonly paths: readonly string[];
}

const configs = '/etc/cni/net.d';

/** Made by plugins that any network may call (portmap, ptp's masquerading): no pod is left to need them. */
const shared = { chains: ['CNI-'], paths: ['/var/lib/cni/results', '/var/lib/cni/cache'] };

const traces: Readonly<Record<string, NetworkTraces>> = {
  default: {
    interfaces: [/^veth[0-9a-f]{8}$/],
    emptied: [],
    routeProtocols: ['77'],
    chains: ['KLAB-MASQUERADE', ...shared.chains],
    ruleMarks: [],
    paths: [`${configs}/10-klab.conflist`, '/run/cni-ipam-state', ...shared.paths],
  },
  calico: {
    interfaces: [/^cali/, /^vxlan\.calico$/, /^vxlan-v6\.calico$/, /^wireguard\.cali$/, /^wg-v6\.cali$/],
    emptied: ['tunl0'],
    // Felix marks its routes with 80, BIRD with its own number.
    routeProtocols: ['80', 'bird', '12'],
    chains: ['cali-', ...shared.chains],
    ruleMarks: ['--comment "cali:'],
    paths: [
      `${configs}/10-calico.conflist`,
      `${configs}/calico-kubeconfig`,
      '/opt/cni/bin/calico',
      '/opt/cni/bin/calico-ipam',
      '/var/lib/calico',
      '/run/calico',
      '/run/nodeagent',
      '/var/log/calico',
      '/var/lib/cni/networks/k8s-pod-network',
      ...shared.paths,
    ],
  },
};

const ofOther: NetworkTraces = { interfaces: [], emptied: [], routeProtocols: [], ruleMarks: [], ...shared };

/** Of networks by their names; of one that klab does not know, what any network may leave. */
export function tracesOf(networks: readonly string[]): NetworkTraces {
  const all = networks.map((name) => (Object.hasOwn(traces, name) ? traces[name] : undefined) ?? ofOther);
  return {
    interfaces: all.flatMap(({ interfaces }) => interfaces),
    emptied: all.flatMap(({ emptied }) => emptied),
    routeProtocols: all.flatMap(({ routeProtocols }) => routeProtocols),
    ruleMarks: all.flatMap(({ ruleMarks }) => ruleMarks),
    chains: [...new Set(all.flatMap(({ chains }) => chains))],
    paths: [...new Set(all.flatMap(({ paths }) => paths))],
  };
}
