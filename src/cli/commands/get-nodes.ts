import { defineCommand } from '../command.ts';
import { booleanFlag, clusterNameFlag, type OutputFormat, outputFlag } from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly allClusters: boolean;
  readonly output: OutputFormat;
}

export const getNodes = defineCommand<Flags>({
  path: 'get nodes',
  summary: 'List the nodes of a cluster',
  examples: [
    { command: 'klab get nodes --name lab', help: 'one name a line, each the name of a container too' },
    { command: 'klab get nodes | xargs -I {} docker exec {} uname -r', help: 'do something on every node' },
  ],
  flags: {
    name: clusterNameFlag,
    allClusters: booleanFlag({ long: 'all-clusters', short: 'A', help: 'the nodes of every cluster' }),
    output: outputFlag,
  },
  run: async ({ useCases, run, view, io }, { name, allClusters, output }) => {
    const nodes = await useCases.listNodes(allClusters ? undefined : name, run);
    if (output === 'json') io.stdout.write(`${JSON.stringify(nodes, undefined, 2)}\n`);
    else if (nodes.length === 0) view.note(`No klab nodes found${allClusters ? '' : ` for cluster "${name}"`}.`);
    else io.stdout.write(nodes.map((node) => `${node.name}\n`).join(''));
    return undefined;
  },
});
