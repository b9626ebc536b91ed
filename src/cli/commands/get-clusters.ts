import { defineCommand } from '../command.ts';
import { type OutputFormat, outputFlag } from '../flags.ts';

export const getClusters = defineCommand<{ readonly output: OutputFormat }>({
  path: 'get clusters',
  summary: 'List the clusters',
  examples: [{ command: 'klab get clusters', help: 'one name a line' }],
  flags: { output: outputFlag },
  run: async ({ useCases, run, view, io }, { output }) => {
    const clusters = await useCases.listClusters(run);
    if (output === 'json') io.stdout.write(`${JSON.stringify(clusters, undefined, 2)}\n`);
    else if (clusters.length === 0) view.note('No klab clusters found.');
    else io.stdout.write(clusters.map((cluster) => `${cluster.name}\n`).join(''));
    return undefined;
  },
});
