import type { SysctlChange } from '../../cluster/sysctl/index.ts';
import { alignColumns } from '../columns.ts';
import { defineCommand } from '../command.ts';
import { clusterNameFlag, listFlag, type OutputFormat, outputFlag } from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly output: OutputFormat;
}

export const sysctlSet = defineCommand<Flags>({
  path: 'sysctl set',
  summary: 'Set kernel settings of nodes',
  description: `Set kernel settings of a cluster's nodes, at once and again whenever a node or the engine restarts: on all
nodes that are named or, when one of them does not take a value, on none.

Only settings that each node has for itself are taken: net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.*. All
others are the whole machine's and would change the host. Settings for a cluster that is yet to be made go under sysctls
in its configuration.`,
  examples: [
    { command: 'klab sysctl set net.ipv4.conf.all.rp_filter=0', help: 'on every node' },
    {
      command: 'klab sysctl set net.core.somaxconn=8192 --node klab-worker,klab-worker2',
      help: 'on some nodes',
    },
    { command: "klab sysctl set 'net.ipv4.tcp_rmem=4096 87380 6291456' -o json", help: 'old and new, for a script' },
  ],
  argument: { name: 'NAME=VALUE…', help: 'settings with their new values', min: 1, max: Number.POSITIVE_INFINITY },
  flags: {
    name: clusterNameFlag,
    nodes: listFlag({
      long: 'node',
      value: 'NODE[,NODE]',
      help: 'only on these nodes; otherwise on all of the cluster',
      completes: 'node',
    }),
    output: outputFlag,
  },
  run: async ({ useCases, run, io }, { name, nodes, output }, assignments) => {
    const changes = await useCases.setSysctls({ cluster: name, nodes }, assignments, run);
    io.stdout.write(output === 'json' ? `${JSON.stringify(changes, undefined, 2)}\n` : render(changes));
    return undefined;
  },
});

const render = (changes: readonly SysctlChange[]): string =>
  [
    ...alignColumns([
      ['NODE', 'NAME', 'OLD', 'NEW'],
      ...changes.map(({ node, name, before, after }) => [node, name, before || '-', after]),
    ]),
    '',
  ].join('\n');
