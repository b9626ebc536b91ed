/** One step towards what iptables is to have, as arguments; `unless`: a check after which it is not needed. */
export interface IptablesStep {
  readonly unless: readonly string[];
  readonly args: readonly string[];
}

export type Family = 'IPv4' | 'IPv6';

export const canaryChain = 'KUBE-KUBELET-CANARY';
const hintChain = 'KUBE-IPTABLES-HINT';
const firewallChain = 'KUBE-FIREWALL';
const canaryTables = ['mangle', 'nat', 'filter'] as const;

const chain = (table: string, name: string): IptablesStep => ({
  unless: ['-t', table, '-S', name, '1'],
  args: ['-t', table, '-N', name],
});
const rule = (how: '-I' | '-A', table: string, name: string, words: readonly string[]): IptablesStep => ({
  unless: ['-t', table, '-C', name, ...words],
  args: ['-t', table, how, name, ...words],
});

/** Packets from elsewhere do not reach what listens on the node's own 127.0.0.0/8, which kube-proxy would let them. */
const dropMartians = [
  ...['-m', 'comment', '--comment', 'block incoming localnet connections'],
  ...['--dst', '127.0.0.0/8', '!', '--src', '127.0.0.0/8'],
  ...['-m', 'conntrack', '!', '--ctstate', 'RELATED,ESTABLISHED,DNAT'],
  ...['-j', 'DROP'],
];

/**
 * Everything the kubelet sees to, in order: a chain that tells others which iptables this node uses, the firewall
 * chain, and last the canaries, whose absence tells that all rules were flushed.
 */
export const iptablesSteps = (family: Family): readonly IptablesStep[] => [
  chain('mangle', hintChain),
  ...(family === 'IPv6'
    ? []
    : [
        chain('filter', firewallChain),
        rule('-I', 'filter', 'OUTPUT', ['-j', firewallChain]),
        rule('-I', 'filter', 'INPUT', ['-j', firewallChain]),
        rule('-A', 'filter', firewallChain, dropMartians),
      ]),
  ...canaryTables.map((table) => chain(table, canaryChain)),
];

/** Whether the canary still lives. */
export const canaryCheck: readonly string[] = ['-t', canaryTables[0], '-S', canaryChain, '1'];
