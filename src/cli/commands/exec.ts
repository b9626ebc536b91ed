import { defineCommand } from '../command.ts';
import { choiceFlag } from '../flags.ts';

const when = (name: string, help: string) =>
  choiceFlag({
    long: name,
    value: 'WHEN',
    help,
    choices: ['auto', 'always', 'never'],
    otherwise: 'auto',
    shownDefault: 'auto',
  });

type When = 'auto' | 'always' | 'never';

interface Flags {
  readonly tty: When;
  readonly stdin: When;
}

export const exec = defineCommand<Flags>({
  path: 'exec',
  summary: 'Run a command on a node',
  description: `Run a command on a node, with your terminal, and exit with its exit code.

What the command reads is what klab reads; it gets a terminal when klab has one.`,
  examples: [
    { command: 'klab exec klab-worker -- crictl ps', help: 'the containers that run on a node' },
    { command: 'klab exec klab-worker -- bash', help: 'a shell' },
    { command: 'klab exec klab-worker -- sh -c "cat > /tmp/x" < x', help: 'send a file' },
  ],
  argument: {
    name: 'NODE -- COMMAND…',
    help: 'name of the node, and what to run on it',
    min: 2,
    max: Number.POSITIVE_INFINITY,
    completes: 'node',
  },
  flags: {
    tty: when('tty', 'whether the command gets a terminal: auto, always or never'),
    stdin: when('stdin', 'whether the command can read standard input: auto (yes), always or never'),
  },
  run: async ({ useCases, run, io }, flags, [node = '', ...argv]) => {
    const tty = decideTty(flags.tty, io.stdinIsTty && io.stdout.isTTY === true);
    return useCases.execInNode(node, argv, { stdin: flags.stdin !== 'never', tty }, run);
  },
});

const decideTty = (asked: When, atTerminal: boolean): boolean => (asked === 'auto' ? atTerminal : asked === 'always');
