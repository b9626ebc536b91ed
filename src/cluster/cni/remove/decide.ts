import type { NetworkTraces } from './traces.ts';

/** A node's network as it is. */
export interface NodeState {
  readonly interfaces: readonly string[];
  readonly routes: readonly NodeRoute[];
  /** What `iptables-save` and `ip6tables-save` print. */
  readonly rules: { readonly ipv4: string; readonly ipv6: string };
}

export interface NodeRoute {
  readonly family: 4 | 6;
  /** As `ip route` writes it, with its type where it is not a unicast route. */
  readonly destination: string;
  readonly type: string | undefined;
  readonly protocol: string;
}

/** One command on the node, with what it reads. */
export interface CleanupCommand {
  readonly argv: readonly string[];
  readonly input?: string;
  readonly because: string;
}

/** What is to be done on a node so that nothing of a network is left; only what is there is touched. */
export function decideCleanup(traces: NetworkTraces, state: NodeState): readonly CleanupCommand[] {
  return [
    ...cleanRoutes(traces, state),
    ...cleanInterfaces(traces, state),
    ...cleanRules(traces, state),
    { argv: ['rm', '-rf', ...traces.paths], because: 'its files' },
  ];
}

const cleanRoutes = (traces: NetworkTraces, { routes }: NodeState): readonly CleanupCommand[] =>
  routes
    .filter(({ protocol }) => traces.routeProtocols.includes(protocol))
    .map(({ family, type, destination, protocol }) => ({
      argv: ['ip', `-${family}`, 'route', 'del', ...(type === undefined ? [] : [type]), destination, 'proto', protocol],
      because: 'a route that it made',
    }));

function cleanInterfaces(traces: NetworkTraces, { interfaces }: NodeState): readonly CleanupCommand[] {
  const deleted = interfaces.filter((name) => traces.interfaces.some((pattern) => pattern.test(name)));
  const emptied = interfaces.filter((name) => traces.emptied.includes(name));
  return [
    ...deleted.map((name) => ({ argv: ['ip', 'link', 'del', name], because: 'an interface that it made' })),
    ...emptied.flatMap((name) => [
      { argv: ['ip', 'address', 'flush', 'dev', name], because: 'an interface of the kernel that it used' },
      { argv: ['ip', 'link', 'set', name, 'down'], because: 'an interface of the kernel that it used' },
    ]),
  ];
}

function cleanRules(traces: NetworkTraces, { rules }: NodeState): readonly CleanupCommand[] {
  const because = 'its rules';
  const [ipv4, ipv6] = [rules.ipv4, rules.ipv6].map((saved) => renderRuleRemoval(saved, traces));
  return [
    ...(ipv4 ? [{ argv: ['iptables-restore', '--wait', '--noflush'], input: ipv4, because }] : []),
    ...(ipv6 ? [{ argv: ['ip6tables-restore', '--wait', '--noflush'], input: ipv6, because }] : []),
  ];
}

/**
 * Input for `iptables-restore --noflush` that removes chains by how their names begin, and every rule elsewhere that
 * jumps to one of them or carries a mark; '' when there are none. What else is there is not touched.
 */
export function renderRuleRemoval(
  saved: string,
  { chains: prefixes, ruleMarks }: Pick<NetworkTraces, 'chains' | 'ruleMarks'>,
): string {
  const isOurs = (chain: string): boolean => prefixes.some((prefix) => chain.startsWith(prefix));
  return tablesOf(saved)
    .map(({ name, lines }) => {
      const chains = lines.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []).filter(isOurs);
      const rules = lines.filter((line) => {
        const { chain, target } = readRule(line);
        if (chain === '' || isOurs(chain)) return false;
        return isOurs(target) || ruleMarks.some((mark) => line.includes(mark));
      });
      if (chains.length === 0 && rules.length === 0) return '';
      return [
        `*${name}`,
        // Declared anew, a chain is emptied: then chains that jump to one another can go in any order.
        ...chains.map((chain) => `:${chain} - [0:0]`),
        ...rules.map((line) => line.replace(/^-A/, '-D')),
        ...chains.map((chain) => `-X ${chain}`),
        'COMMIT',
        '',
      ].join('\n');
    })
    .join('');
}

/** The chain that a rule is in and the one it jumps to; '' where there is none. Comments are not looked into. */
function readRule(line: string): { readonly chain: string; readonly target: string } {
  const plain = line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return { chain: /^-A (\S+)/.exec(plain)?.[1] ?? '', target: / -[jg] (\S+)/.exec(plain)?.[1] ?? '' };
}

function tablesOf(saved: string): readonly { readonly name: string; readonly lines: readonly string[] }[] {
  const tables: { name: string; lines: string[] }[] = [];
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) tables.push({ name: line.slice(1).trim(), lines: [] });
    else tables.at(-1)?.lines.push(line);
  }
  return tables;
}
