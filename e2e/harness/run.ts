import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** Runs a program and answers what it printed, whatever its exit code. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input, env, timeoutMs = 180_000, cwd = root, signal } = options;
  const result = await execa(file, args, {
    reject: false,
    cwd,
    timeout: timeoutMs,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(signal === undefined ? {} : { cancelSignal: signal, forceKillAfterDelay: 60_000 }),
  });
  return { stdout: String(result.stdout ?? ''), stderr: String(result.stderr ?? ''), exitCode: result.exitCode ?? -1 };
}

/** As `run`, but a non-zero exit is an error that shows what was printed. */
export async function must(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await run(file, args, options);
  if (exitCode !== 0) throw new Error(`${[file, ...args].join(' ')} exited with ${exitCode}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** The klab of this checkout. */
export const klab = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  run(`${root}/bin/klab`, args, options);
export const mustKlab = (args: readonly string[], options: RunOptions = {}): Promise<string> =>
  must(`${root}/bin/klab`, args, options);
