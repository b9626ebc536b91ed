import { defineCommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { booleanFlag, clusterNameFlag, durationFlag, type Flag, type OutputFormat, outputFlag } from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly count: number;
  readonly waitMs: number;
  readonly retain: boolean;
  readonly output: OutputFormat;
}

const countFlag: Flag<number> = {
  long: 'count',
  value: 'N',
  help: 'how many',
  shownDefault: '1',
  read: (typed) => {
    if (typeof typed !== 'string') return 1;
    const count = Number(typed);
    if (Number.isInteger(count) && count >= 1 && count <= 100) return count;
    throw usageError(`--count ${JSON.stringify(typed)} is not a number of nodes`, 'write a whole number from 1 to 100');
  },
};

export const createNode = defineCommand<Flags>({
  path: 'create node',
  undoes: true,
  summary: 'Add worker nodes to a cluster',
  description: `Add worker nodes to a cluster that runs. They are like the others: the same image, the kubelet and containerd
configured as theirs, and the kernel settings that all of them have. When something fails, they are removed again.`,
  examples: [
    { command: 'klab create node', help: 'one more worker for the cluster klab' },
    { command: 'klab create node --name lab --count 2', help: 'two more for another' },
  ],
  flags: {
    name: clusterNameFlag,
    count: countFlag,
    waitMs: durationFlag({
      long: 'wait',
      help: 'how long they may take to be Ready; 0: do not wait',
      shownDefault: '3m',
      defaultMs: 180_000,
    }),
    retain: booleanFlag({ long: 'retain', help: 'keep them when something fails, to look at them' }),
    output: outputFlag,
  },
  run: async ({ useCases, run, io, view }, { name, count, waitMs, retain, output }) => {
    const nodes = await useCases.addNodes({ cluster: name, count, waitMs, retain }, run);
    if (output === 'json') io.stdout.write(`${JSON.stringify({ cluster: name, nodes }, undefined, 2)}\n`);
    else view.note(`Added to cluster ${name}: ${nodes.join(', ')}`);
    return undefined;
  },
});
