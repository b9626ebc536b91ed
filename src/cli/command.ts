import type { Completes, Environment, Flag, FlagTable } from './flags.ts';
import type { ProgressView } from './progress/view.ts';
import type { Run, UseCases } from './use-cases.ts';

/** What a command may use of the world. */
export interface CommandContext {
  readonly useCases: UseCases;
  readonly run: Run;
  readonly view: ProgressView;
  readonly io: Io;
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  readonly quiet: boolean;
  /** The commands there are, for completion. */
  readonly commands: readonly AnyCommand[];
}

/** klab's own streams, as far as commands use them. */
export interface Io {
  /** All of standard input, to its end. */
  readonly readStdin: () => Promise<string>;
  readonly stdinIsTty: boolean;
  /** For results: what other programs read. */
  readonly stdout: TextOutput;
  /** For talk: what people read. */
  readonly stderr: TextOutput;
}

export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ArgumentSpec {
  /** Shown as it is: NODE, IMAGE…, [FOLDER]. */
  readonly name: string;
  readonly help: string;
  readonly min: number;
  readonly max: number;
  readonly completes?: Completes;
}

export interface CommandSpec<F> {
  /** The words that are typed: `create cluster`. */
  readonly path: string;
  /** Other words for the last one. */
  readonly aliases?: readonly string[];
  /** Whether `create` alone means `create cluster`. */
  readonly isDefault?: boolean;
  /** Not in the help: for the shells, not for people. */
  readonly hidden?: boolean;
  readonly summary: string;
  readonly description?: string;
  /** Whether Ctrl-C waits until what was begun is undone; otherwise it leaves at once. */
  readonly undoes?: boolean;
  readonly examples: readonly Example[];
  readonly argument?: ArgumentSpec;
  readonly flags: FlagTable<F>;
  /** Does it; a number is the exit code, nothing is 0. */
  readonly run: (context: CommandContext, flags: F, args: readonly string[]) => Promise<number | undefined>;
}

export interface Example {
  readonly command: string;
  readonly help: string;
}

/** A command whose flags' types are settled inside. */
export interface AnyCommand extends Omit<CommandSpec<unknown>, 'flags' | 'run'> {
  readonly flags: readonly Flag<unknown>[];
  /** `typed` holds what was given for each flag, by its long name. */
  readonly run: (context: CommandContext, typed: TypedFlags, args: readonly string[]) => Promise<number | undefined>;
}

export type TypedFlags = Readonly<Record<string, string | boolean | undefined>>;

export function defineCommand<F extends object>(spec: CommandSpec<F>): AnyCommand {
  const flags: readonly Flag<unknown>[] = Object.values(spec.flags);
  return {
    ...spec,
    flags,
    run: (context, typed, args) => spec.run(context, readFlags(spec.flags, typed, context.env), args),
  };
}

function readFlags<F extends object>(table: FlagTable<F>, typed: TypedFlags, env: Environment): F {
  const read: Partial<F> = {};
  for (const field of keysOf(table)) read[field] = table[field].read(typed[table[field].long], env);
  return everyField(read, table);
}

const keysOf = <F extends object>(table: FlagTable<F>): readonly (keyof F)[] =>
  Object.keys(table).filter((key): key is Extract<keyof F, string> => key in table);

/** A flag table has an entry for each field, so an object that was filled from it has every field. */
function everyField<F extends object>(read: Partial<F>, table: FlagTable<F>): F {
  const isWhole = (value: Partial<F>): value is F => keysOf(table).every((key) => key in value);
  if (!isWhole(read)) throw new TypeError('a flag was not read');
  return read;
}
