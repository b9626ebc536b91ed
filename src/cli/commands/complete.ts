import { defineCommand } from '../command.ts';
import { completeWords } from '../complete.ts';

/** What the shells' completion scripts call: `klab __complete -- WORD…`. */
export const complete = defineCommand<Record<never, never>>({
  path: '__complete',
  hidden: true,
  summary: 'Print what can follow the words',
  examples: [],
  argument: { name: 'WORD…', help: 'the words after klab', min: 0, max: Number.POSITIVE_INFINITY },
  flags: {},
  run: async ({ useCases, run, io, commands }, _flags, words) => {
    // Without an engine there are no names to offer, and a completion must not talk.
    const names = {
      clusters: async () => (await useCases.listClusters(run).catch(() => [])).map((cluster) => cluster.name),
      nodes: async () => (await useCases.listNodes(undefined, run).catch(() => [])).map((node) => node.name),
    };
    const found = await completeWords(words, commands, names);
    io.stdout.write(found.kind === 'words' ? found.words.map((word) => `${word}\n`).join('') : `:${found.kind}\n`);
    return undefined;
  },
});
