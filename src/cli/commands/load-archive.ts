import { resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { clusterNameFlag, outputFlag } from '../flags.ts';
import { describeLoaded, type LoadFlags, nodesFlag } from './load-image.ts';

export const loadArchive = defineCommand<LoadFlags>({
  path: 'load archive',
  aliases: ['image-archive'],
  summary: 'Load images from archives into the nodes',
  description: 'Load images from archives, as "docker save" writes them, into the nodes.',
  examples: [{ command: 'klab load archive my-app.tar', help: 'into every node of the cluster klab' }],
  argument: { name: 'FILE…', help: 'tar archives of images', min: 1, max: Number.POSITIVE_INFINITY, completes: 'file' },
  flags: { name: clusterNameFlag, nodes: nodesFlag, output: outputFlag },
  run: async ({ useCases, run, view, io, cwd }, { name, nodes, output }, files) => {
    const sources = files.map((file) => resolve(cwd, file));
    const loaded = await useCases.loadArchives({ cluster: name, sources, nodes }, run);
    if (output === 'json') io.stdout.write(`${JSON.stringify(loaded, undefined, 2)}\n`);
    else view.note(describeLoaded(loaded));
    return undefined;
  },
});
