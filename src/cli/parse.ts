import { Command, CommanderError, Option } from 'commander';
import { closestWord } from '../base/closest-word.ts';
import type { AnyCommand, TypedFlags } from './command.ts';
import { usageError } from './errors.ts';
import type { Flag } from './flags.ts';

export type Parsed =
  | {
      readonly kind: 'run';
      readonly command: AnyCommand;
      readonly typed: TypedFlags;
      readonly args: readonly string[];
      readonly verbosity: number;
      readonly quiet: boolean;
    }
  /** Help or the version was asked for: this is the text of it. */
  | { readonly kind: 'print'; readonly text: string };

export interface ProgramSpec {
  readonly version: string;
  readonly commands: readonly AnyCommand[];
  /** What `create`, `get`… are for, by the word. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Reads a command line. Throws a USAGE error with what to type instead. */
export function parseCommandLine(argv: readonly string[], spec: ProgramSpec): Parsed {
  let printed = '';
  let parsed: Parsed | undefined;
  const program = buildProgram(
    spec,
    (text) => {
      printed += text;
    },
    (command, typed, args, globals) => {
      parsed = { kind: 'run', command, typed, args, ...globals };
    },
  );
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0 && error.code !== 'commander.help') throw explain(error, argv);
  }
  return parsed ?? { kind: 'print', text: printed };
}

/** The help of one command, as `--help` prints it. */
export function helpFor(path: string, spec: ProgramSpec): string {
  const words = path === '' ? [] : path.split(' ');
  const parsed = parseCommandLine([...words, '--help'], spec);
  return parsed.kind === 'print' ? parsed.text : '';
}

type OnChosen = (
  command: AnyCommand,
  typed: TypedFlags,
  args: readonly string[],
  globals: { readonly verbosity: number; readonly quiet: boolean },
) => void;

function buildProgram(spec: ProgramSpec, writeOut: (text: string) => void, onChosen: OnChosen): Command {
  const program = configured(new Command('klab'), writeOut)
    .description('Kubernetes clusters in Docker, on a kubelet you can read and watch.')
    .version(`klab version ${spec.version}`, '--version', 'print the version')
    .addOption(
      new Option(
        '-v, --verbosity <LEVEL>',
        'how much is told on stderr: 0 steps, 1 details, times and causes of errors',
      ).default('0', '0'),
    )
    .option('-q, --quiet', 'tell nothing but errors')
    .addHelpText('after', '\nExample:\n  klab create --config configs/kind.yaml\n  kubectl get nodes');
  for (const command of spec.commands) addCommand(program, command, spec, writeOut, onChosen);
  return program;
}

function addCommand(
  program: Command,
  command: AnyCommand,
  spec: ProgramSpec,
  writeOut: (text: string) => void,
  onChosen: OnChosen,
): void {
  const words = command.path.split(' ');
  const name = words.pop() ?? '';
  const parent = words.reduce((at, word) => groupOf(at, word, spec.groups[word] ?? '', writeOut), program);
  const built = configured(new Command(name), writeOut)
    .aliases([...(command.aliases ?? [])])
    .summary(command.summary)
    .description(unwrapped(command.description ?? `${command.summary}.`))
    // What is too much is told below, with a better guess at what was meant.
    .allowExcessArguments(true)
    .addHelpText('after', examplesText(command));
  if (command.argument)
    built.argument(`[${bareName(command.argument.name)}...]`, command.argument.help).usage(usageOf(command));
  for (const flag of command.flags) built.addOption(optionOf(flag));
  built.action(() => {
    checkArguments(command, built.args, parent);
    const { verbosity, quiet } = program.opts<{ verbosity: string; quiet?: boolean }>();
    onChosen(command, typedFlags(command, built), built.args, {
      verbosity: verbosityOf(verbosity),
      quiet: quiet === true,
    });
  });
  if (command.isDefault)
    parent.addHelpText('after', () => `\nWithout a command:\n\n${helpWithExamples(built, command)}`);
  parent.addCommand(built, { isDefault: command.isDefault === true, hidden: command.hidden === true });
}

function groupOf(parent: Command, word: string, summary: string, writeOut: (text: string) => void): Command {
  const existing = parent.commands.find((command) => command.name() === word);
  if (existing !== undefined) return existing;
  const group = configured(new Command(word), writeOut).summary(summary).description(`${summary}.`);
  parent.addCommand(group);
  return group;
}

const configured = (command: Command, writeOut: (text: string) => void): Command =>
  command
    .exitOverride()
    .helpCommand(false)
    .helpOption('-h, --help', 'print this help')
    .configureOutput({ writeOut, writeErr: writeOut, outputError: () => undefined })
    .configureHelp({ helpWidth: 100, showGlobalOptions: true, subcommandTerm: (subcommand) => subcommand.name() });

function optionOf(flag: Flag<unknown>): Option {
  const written = `${flag.short ? `-${flag.short}, ` : ''}--${flag.long}${flag.value ? ` <${flag.value}>` : ''}`;
  return new Option(written, `${flag.help}${flag.shownDefault ? ` (default: ${flag.shownDefault})` : ''}`);
}

function typedFlags(command: AnyCommand, built: Command): TypedFlags {
  const given: Readonly<Record<string, unknown>> = built.opts();
  return Object.fromEntries(
    command.flags.map(({ long }) => {
      const value = given[camelCase(long)];
      return [long, typeof value === 'string' || typeof value === 'boolean' ? value : undefined];
    }),
  );
}

function checkArguments(command: AnyCommand, args: readonly string[], parent: Command): void {
  const { argument } = command;
  const help = `klab ${command.path} --help shows how it is used`;
  if (argument !== undefined && args.length < argument.min) {
    throw usageError(`klab ${command.path} needs ${argument.name}`, help);
  }
  const [extra] = args.slice(argument?.max ?? 0);
  if (extra === undefined) return;
  if (command.isDefault && argument === undefined) throw unknownCommand(extra, parent);
  throw usageError(`klab ${command.path} does not take ${JSON.stringify(extra)}`, help);
}

function unknownCommand(word: string, parent: Command): Error {
  const names = parent.commands.flatMap((command) => [command.name(), ...command.aliases()]);
  const near = closestWord(word, names);
  const at = [parent.parent?.name(), parent.name()].filter((name) => name !== undefined).join(' ');
  return usageError(
    `unknown command ${JSON.stringify(word)} for ${at}`,
    near ? `did you mean ${at} ${near}?` : `${at} --help lists the commands`,
  );
}

function verbosityOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw usageError(`--verbosity ${JSON.stringify(text)} is not a level`, 'use a number: 0, 1, 2…');
}

/** Commander's message, as a sentence of ours with the hint it has in brackets. */
function explain(error: CommanderError, argv: readonly string[]): Error {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const meant = /Did you mean (?:one of )?(.+)\?/.exec(suggestion ?? '')?.[1];
  const help = `klab ${leadingWords(argv).join(' ')} --help`.replace(/ {2}/, ' ');
  const isFlagOfOther = error.code === 'commander.unknownOption' && leadingWords(argv)[0] === 'exec';
  if (isFlagOfOther) return usageError(first, 'put -- before the command to run: klab exec NODE -- ls -l');
  if (meant) return usageError(first, `did you mean ${meant}?`);
  if (error.code !== 'commander.unknownCommand') return usageError(first, `${help} shows how it is used`);
  return usageError(first, `${['klab', ...leadingWords(argv).slice(0, -1)].join(' ')} --help lists the commands`);
}

const leadingWords = (argv: readonly string[]): readonly string[] => {
  const end = argv.findIndex((word) => word.startsWith('-'));
  return argv.slice(0, Math.min(2, end === -1 ? argv.length : end));
};

const examplesText = (command: AnyCommand): string =>
  command.examples.length === 0
    ? ''
    : `\nExamples:\n${command.examples.map(({ command: line, help }) => `  # ${help}\n  ${line}`).join('\n')}`;

export const usageOf = (command: AnyCommand): string =>
  [command.flags.length > 0 ? '[options]' : '', command.argument?.name ?? ''].filter((part) => part !== '').join(' ');

const helpWithExamples = (built: Command, command: AnyCommand): string =>
  `${built.helpInformation()}${examplesText(command)}`;

/** Paragraphs on one line each: commander wraps them as wide as the help is. */
const unwrapped = (text: string): string => text.replaceAll(/(?<!\n)\n(?!\n)/g, ' ');

const bareName = (name: string): string => name.replaceAll(/[[\]]/g, '');

const camelCase = (name: string): string => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
