import { defineCommand } from '../command.ts';
import { listFlag, type OutputFormat, outputFlag, textFlag } from '../flags.ts';

interface Flags {
  readonly image: string | undefined;
  readonly withoutParts: readonly string[];
  readonly output: OutputFormat;
}

export const buildNodeImage = defineCommand<Flags>({
  path: 'build node-image',
  undoes: true,
  summary: 'Build the image that nodes are made from',
  description: `Build the image that nodes are made from, and print its name.

Every part is pinned and built from its source; a part whose inputs did not change is taken from the cache.`,
  examples: [
    { command: 'klab build node-image', help: 'the image that "klab create" takes' },
    { command: 'klab build node-image --without upstream-kubelet', help: "smaller: only klab's own kubelet" },
    { command: 'klab build node-image --image my/node:dev', help: 'under another name' },
  ],
  flags: {
    image: textFlag({ long: 'image', value: 'IMAGE', help: 'name of the image to make' }),
    withoutParts: listFlag({
      long: 'without',
      value: 'PART,…',
      help: "parts to leave out: upstream-kubelet, for nodes whose kubelet is upstream's",
      completes: ['upstream-kubelet'],
    }),
    output: outputFlag,
  },
  run: async ({ useCases, run, io }, { image, withoutParts, output }) => {
    const built = await useCases.buildNodeImage({ image, withoutParts }, run);
    io.stdout.write(output === 'json' ? `${JSON.stringify(built, undefined, 2)}\n` : `${built.image}\n`);
    return undefined;
  },
});
