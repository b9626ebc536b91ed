import type { SysctlValue } from '../../cluster/sysctl/index.ts';
import { alignColumns } from '../columns.ts';
import { defineCommand } from '../command.ts';
import { clusterNameFlag, listFlag, type OutputFormat, outputFlag } from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly output: OutputFormat;
}

export const sysctlGet = defineCommand<Flags>({
  path: 'sysctl get',
  summary: 'Show kernel settings of nodes',
  description: `Show kernel settings of a cluster's nodes as they are now, and whether \`klab sysctl set\` made them: then they
are kept over restarts. Without names, all that it made.`,
  examples: [
    { command: 'klab sysctl get net.ipv4.conf.all.rp_filter', help: 'on every node' },
    { command: 'klab sysctl get -o json', help: 'what klab sysctl set made, for a script' },
  ],
  argument: { name: '[NAME…]', help: 'settings', min: 0, max: Number.POSITIVE_INFINITY },
  flags: {
    name: clusterNameFlag,
    nodes: listFlag({
      long: 'node',
      value: 'NODE[,NODE]',
      help: 'only of these nodes; otherwise of all of the cluster',
      completes: 'node',
    }),
    output: outputFlag,
  },
  run: async ({ useCases, run, io }, { name, nodes, output }, names) => {
    const values = await useCases.getSysctls({ cluster: name, nodes }, names, run);
    io.stdout.write(output === 'json' ? `${JSON.stringify(values, undefined, 2)}\n` : render(values));
    return undefined;
  },
});

const render = (values: readonly SysctlValue[]): string =>
  [
    ...alignColumns([
      ['NODE', 'NAME', 'VALUE', 'KEPT'],
      ...values.map(({ node, name, value, kept }) => [node, name, value || '-', kept ?? '-']),
    ]),
    '',
  ].join('\n');
