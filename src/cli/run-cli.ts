import type { CommandContext, Io } from './command.ts';
import { program } from './commands/all.ts';
import { interrupted } from './errors.ts';
import type { Environment } from './flags.ts';
import { type Parsed, parseCommandLine } from './parse.ts';
import { renderError } from './print-error.ts';
import { chooseView } from './progress/choose.ts';
import { type ProgressView, silentView } from './progress/view.ts';
import type { UseCases } from './use-cases.ts';

/** The world as a command sees it. */
export interface CliEnvironment {
  readonly useCases: UseCases;
  readonly io: Io;
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** As shells count it: 128 and the number of SIGINT. */
const EXIT_INTERRUPTED = 130;

/** Does what the command line says and answers the exit code; whatever goes wrong is printed here and only here. */
export async function runCli(argv: readonly string[], world: CliEnvironment): Promise<number> {
  let verbosity = 0;
  let json = false;
  let view = silentView;
  try {
    const parsed = parseCommandLine(argv, program);
    if (parsed.kind === 'print') {
      world.io.stdout.write(parsed.text);
      return 0;
    }
    verbosity = parsed.verbosity;
    json = parsed.typed.output === 'json';
    view = await chooseView(world.io.stderr, world.env, { verbosity, quiet: parsed.quiet, json });
    return await runCommand(parsed, world, view);
  } catch (error) {
    view.close();
    const shown = world.signal.aborted && error === world.signal.reason ? interrupted() : error;
    world.io.stderr.write(renderError(shown, { verbosity, json, color: hasColor(world) }));
    return world.signal.aborted ? EXIT_INTERRUPTED : 1;
  } finally {
    view.close();
  }
}

async function runCommand(
  { command, typed, args, quiet }: Extract<Parsed, { kind: 'run' }>,
  world: CliEnvironment,
  view: ProgressView,
): Promise<number> {
  const context: CommandContext = {
    useCases: world.useCases,
    run: { progress: view.progress, signal: world.signal },
    view,
    io: world.io,
    env: world.env,
    cwd: world.cwd,
    home: world.home,
    quiet,
    commands: program.commands,
  };
  const aborted = whenAborted(world.signal);
  const work = command.run(context, typed, args);
  if (!command.undoes) return (await Promise.race([work, aborted.promise])) ?? 0;
  aborted.promise.catch(() => view.note('Interrupted: undoing what was begun. Press Ctrl-C again to leave at once.'));
  try {
    return (await work) ?? 0;
  } finally {
    aborted.forget();
  }
}

/** Rejects with the signal's reason once it is aborted, unless that is forgotten before. */
function whenAborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}

const hasColor = ({ io, env }: CliEnvironment): boolean =>
  io.stderr.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
