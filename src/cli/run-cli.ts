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
  parsed: Extract<Parsed, { kind: 'run' }>,
  world: CliEnvironment,
  view: ProgressView,
): Promise<number> {
  const stopTelling = tellAboutInterrupt(world.signal, view);
  try {
    const context: CommandContext = {
      useCases: world.useCases,
      run: { progress: view.progress, signal: world.signal },
      view,
      io: world.io,
      env: world.env,
      cwd: world.cwd,
      home: world.home,
      quiet: parsed.quiet,
      commands: program.commands,
    };
    return (await parsed.command.run(context, parsed.typed, parsed.args)) ?? 0;
  } finally {
    stopTelling();
  }
}

function tellAboutInterrupt(signal: AbortSignal, view: ProgressView): () => void {
  const tell = () => view.note('Interrupted: undoing what was begun. Press Ctrl-C again to leave at once.');
  signal.addEventListener('abort', tell, { once: true });
  return () => signal.removeEventListener('abort', tell);
}

const hasColor = ({ io, env }: CliEnvironment): boolean =>
  io.stderr.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
