import type { RemovedCni } from '../../cluster/cni/index.ts';
import { defineCommand } from '../command.ts';
import { clusterNameFlag, type OutputFormat, outputFlag, textFlag } from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly manifest: string | undefined;
  readonly output: OutputFormat;
}

export const removeCni = defineCommand<Flags>({
  path: 'cni remove',
  summary: "Remove a cluster's network",
  description: `Remove a cluster's network: its objects, and on every node its interfaces, routes, iptables rules,
configuration and addresses. Pods are taken off the network while it still works and start again with the next one;
until then the nodes are NotReady.

klab knows its own network, Calico however it was installed, and what \`klab cni apply\` installed. For any other, name
its manifest.`,
  examples: [
    { command: 'klab cni remove --name lab', help: 'whatever network it has' },
    { command: 'klab cni remove -o json', help: 'what was removed, for a script' },
    { command: 'klab cni remove --manifest kube-flannel.yml', help: 'one that was applied with kubectl' },
  ],
  flags: {
    name: clusterNameFlag,
    manifest: textFlag({
      long: 'manifest',
      value: 'FILE',
      help: "delete this manifest's objects too: a file, a URL, - for standard input",
      completes: 'file',
    }),
    output: outputFlag,
  },
  run: async ({ useCases, run, view, io, cwd }, { name, manifest, output }) => {
    const removed = await useCases.removeCni(name, manifest, { cwd, stdin: io.readStdin }, run);
    if (output === 'json') io.stdout.write(`${JSON.stringify(removed, undefined, 2)}\n`);
    else view.note(describe(removed, name));
    return removed.problems.length > 0 ? 1 : undefined;
  },
});

function describe({ networks, nodes, objects, pods, problems }: RemovedCni, cluster: string): string {
  return [
    `Removed ${networks.join(' and ')}: ${objects} objects, from ${nodes.join(', ')}`,
    ...(pods.length > 0 ? [`Without a network now: ${pods.join(', ')}`] : []),
    ...problems.map((problem) => `could not clean up: ${problem}`),
    `Nodes stay NotReady until there is another: \`klab cni apply calico --name ${cluster}\``,
  ].join('\n');
}
