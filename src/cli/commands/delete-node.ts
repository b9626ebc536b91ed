import { defineCommand } from '../command.ts';

export const deleteNode = defineCommand<object>({
  path: 'delete node',
  summary: 'Delete worker nodes',
  description: `Delete worker nodes: their containers with their data, and their Node objects. Their pods are made anew
elsewhere, where something makes them anew; "kubectl drain NODE" before moves them in an orderly way.`,
  examples: [{ command: 'klab delete node lab-worker2', help: 'the cluster goes on without it' }],
  argument: { name: 'NODE…', help: 'names of nodes', min: 1, max: Number.POSITIVE_INFINITY, completes: 'node' },
  flags: {},
  run: async ({ useCases, run, view }, _flags, names) => {
    const nodes = await useCases.deleteNodes(names, run);
    view.note(`Deleted ${nodes.join(', ')}`);
    return undefined;
  },
});
