import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { KlabError } from './errors.ts';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Told each line of stderr as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program on this machine and returns what it printed, whatever its exit code. Rejects when it cannot start. */
export async function tryCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const running = execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    reject: false,
    stripFinalNewline: false,
  });
  if (options.onLine !== undefined && running.stderr !== undefined) {
    createInterface({ input: running.stderr }).on('line', options.onLine);
  }
  const result = await running;
  if (result.exitCode === undefined) {
    throw new KlabError('COMMAND_FAILED', `cannot run ${file}: ${result.shortMessage ?? 'it did not start'}`, {
      cause: result,
    });
  }
  return { stdout: String(result.stdout ?? ''), stderr: String(result.stderr ?? ''), exitCode: result.exitCode };
}

/** As `tryCommand`, but a non-zero exit is a `KlabError` with code COMMAND_FAILED that carries the output. */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await tryCommand(file, args, options);
  if (result.exitCode !== 0) {
    throw new KlabError('COMMAND_FAILED', `${[file, ...args].join(' ')} exited with ${result.exitCode}`, {
      output: `${result.stdout}${result.stderr}`.trim(),
    });
  }
  return result;
}
