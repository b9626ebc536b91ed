import { type ArgumentSpec, defineCommand } from '../command.ts';
import { clusterNameFlag, type Flag, listFlag, type OutputFormat, outputFlag } from '../flags.ts';
import type { LoadedImages } from '../use-cases.ts';

export interface LoadFlags {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly output: OutputFormat;
}

export const nodesFlag: Flag<readonly string[]> = listFlag({
  long: 'nodes',
  value: 'NODE,…',
  help: 'nodes to load into',
  shownDefault: 'all of the cluster',
  completes: 'node',
});

const imageArgument: ArgumentSpec = {
  name: 'IMAGE…',
  help: "images of this machine's Docker",
  min: 1,
  max: Number.POSITIVE_INFINITY,
};

export const loadImage = defineCommand<LoadFlags>({
  path: 'load image',
  aliases: ['docker-image'],
  summary: "Load images of this machine's Docker into the nodes",
  examples: [
    { command: 'klab load image my-app:dev', help: 'into every node of the cluster klab' },
    { command: 'klab load image my-app:dev --name lab --nodes lab-worker', help: 'into one node' },
  ],
  argument: imageArgument,
  flags: { name: clusterNameFlag, nodes: nodesFlag, output: outputFlag },
  run: async ({ useCases, run, view, io }, { name, nodes, output }, sources) => {
    const loaded = await useCases.loadImages({ cluster: name, sources, nodes }, run);
    if (output === 'json') io.stdout.write(`${JSON.stringify(loaded, undefined, 2)}\n`);
    else view.note(describeLoaded(loaded));
    return undefined;
  },
});

export const describeLoaded = ({ images, nodes }: LoadedImages): string =>
  `Loaded ${images.join(', ')} into ${nodes.join(', ')}`;
