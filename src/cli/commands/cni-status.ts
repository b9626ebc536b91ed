import type { CniStatus, NodeCniStatus } from '../../cluster/cni/index.ts';
import { alignColumns } from '../columns.ts';
import { defineCommand } from '../command.ts';
import { clusterNameFlag, type OutputFormat, outputFlag } from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly output: OutputFormat;
}

export const cniStatus = defineCommand<Flags>({
  path: 'cni status',
  summary: "Show each node's network",
  description: `Show each node's network: whether the node is Ready, which configuration the runtime uses (the first by
name in /etc/cni/net.d), the plugins that it calls and, where the node is not Ready, why.`,
  examples: [
    { command: 'klab cni status', help: 'of the cluster klab' },
    { command: 'klab cni status --name lab -o json', help: 'for a script' },
  ],
  flags: { name: clusterNameFlag, output: outputFlag },
  run: async ({ useCases, run, io }, { name, output }) => {
    const status = await useCases.cniStatus(name, run);
    io.stdout.write(output === 'json' ? `${JSON.stringify(status, undefined, 2)}\n` : render(status));
    return undefined;
  },
});

function render({ networks, nodes }: CniStatus): string {
  const installed = networks.map(({ name, source, image }) =>
    [name, ...(image === undefined ? [] : [`(${image})`]), ...(source === undefined ? [] : [`from ${source}`])].join(
      ' ',
    ),
  );
  const rows = [['NODE', 'READY', 'CONFIG', 'NETWORK', 'PLUGINS'], ...nodes.map(rowOf)];
  const notes = nodes.flatMap(notesOf);
  return [
    `Network: ${installed.join('; ') || 'none that klab knows'}`,
    '',
    ...alignColumns(rows),
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
  ].join('\n');
}

const rowOf = ({ node, ready, config }: NodeCniStatus): readonly string[] => [
  node,
  ready ? 'yes' : 'no',
  config?.file ?? '-',
  config?.network || '-',
  config?.plugins.join(',') || '-',
];

function notesOf({ node, why, ignored, missingBinaries, ready }: NodeCniStatus): readonly string[] {
  return [
    ...(why === '' ? [] : [`${node}: not Ready: ${why}`]),
    ...(ready && missingBinaries.length > 0 ? [`${node}: not in /opt/cni/bin: ${missingBinaries.join(', ')}`] : []),
    ...(ignored.length > 0 ? [`${node}: not used: ${ignored.join(', ')}`] : []),
  ];
}
