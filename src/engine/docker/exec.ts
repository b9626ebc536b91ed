import { PassThrough, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import type { Exec } from 'dockerode';
import { KlabError } from '../../base/errors.ts';
import { containerNotRunning, engineFailed, execTimedOut } from '../errors.ts';
import type { ContainerEngine } from '../port.ts';
import { isStatus } from './status.ts';

type ExecMethods = Pick<ContainerEngine, 'exec' | 'execInteractive'>;

const envList = (env: Readonly<Record<string, string>> | undefined): string[] =>
  Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`);

/** The size that the terminal has from the first moment on; engines before 23 learn it by the resize that follows. */
const consoleSize = ({ rows, columns }: NodeJS.WriteStream): object =>
  rows > 0 && columns > 0 ? { ConsoleSize: [rows, columns] } : {};

/** The exit code, once the engine has it: for a moment after the stream ended it may still say "running". */
async function exitCodeOf(exec: Exec, signal?: AbortSignal): Promise<number> {
  for (;;) {
    signal?.throwIfAborted();
    const { ExitCode, Running } = await exec.inspect();
    if (!Running && ExitCode !== null) return ExitCode;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const explainExec = (name: string, argv: readonly string[], error: unknown): KlabError =>
  isStatus(error, 409) ? containerNotRunning(name, error) : engineFailed(`cannot run ${argv[0]} in ${name}`, error);

/** Where output goes, and its text when nobody else takes it. */
function sink(given: Writable | undefined): {
  readonly stream: Writable;
  readonly end: () => void;
  readonly text: Promise<string>;
} {
  if (given !== undefined) return { stream: given, end: () => undefined, text: Promise.resolve('') };
  const stream = new PassThrough();
  return { stream, end: () => stream.end(), text: text(stream) };
}

export function execMethods(docker: Docker): ExecMethods {
  return {
    async exec(name, argv, { env, input, signal, timeoutMs, stdout, stderr } = {}) {
      signal?.throwIfAborted();
      const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
      const out = sink(stdout);
      const err = sink(stderr);
      try {
        const exec = await docker.getContainer(name).exec({
          Cmd: [...argv],
          Env: envList(env),
          AttachStdin: input !== undefined,
          AttachStdout: true,
          AttachStderr: true,
          Tty: false,
        });
        const stream = await exec.start({ hijack: true, stdin: input !== undefined });
        const stop = () => stream.destroy();
        limit?.addEventListener('abort', stop, { once: true });
        signal?.addEventListener('abort', stop, { once: true });
        docker.modem.demuxStream(stream, out.stream, err.stream);
        const ended = new Promise<void>((resolve, reject) => {
          stream.once('end', resolve);
          stream.once('close', resolve);
          stream.once('error', reject);
        });
        if (input !== undefined) {
          if (typeof input === 'string' || input instanceof Uint8Array) stream.end(input);
          else await pipeline(input, stream, { end: true }).catch(() => undefined);
        }
        await ended;
        signal?.throwIfAborted();
        if (limit?.aborted) throw execTimedOut(name, argv.join(' '), timeoutMs ?? 0);
        const exitCode = await exitCodeOf(exec, signal);
        out.end();
        err.end();
        return { exitCode, stdout: await out.text, stderr: await err.text };
      } catch (error) {
        if (error instanceof KlabError || signal?.aborted) throw error;
        throw explainExec(name, argv, error);
      } finally {
        out.end();
        err.end();
      }
    },

    async execInteractive(name, argv, { stdin, stdout, stderr, tty, env }) {
      try {
        const exec = await docker.getContainer(name).exec({
          Cmd: [...argv],
          Env: [...envList(env), ...(tty ? [`TERM=${process.env.TERM ?? 'xterm'}`] : [])],
          AttachStdin: stdin !== undefined,
          AttachStdout: true,
          AttachStderr: true,
          Tty: tty,
          ...(tty ? consoleSize(stdout) : {}),
        });
        const stream = await exec.start({ hijack: true, stdin: stdin !== undefined, Tty: tty });
        const resize = () => {
          exec.resize({ w: stdout.columns, h: stdout.rows }).catch(() => undefined);
        };
        const raw = tty && stdin?.isTTY === true;
        if (tty) {
          stream.pipe(stdout, { end: false });
          resize();
          stdout.on('resize', resize);
        } else {
          docker.modem.demuxStream(stream, stdout, stderr);
        }
        if (raw) stdin.setRawMode(true);
        stdin?.pipe(stream);
        try {
          await new Promise<void>((resolve, reject) => {
            stream.once('end', resolve);
            stream.once('close', resolve);
            stream.once('error', reject);
          });
        } finally {
          if (raw) stdin.setRawMode(false);
          stdin?.unpipe(stream);
          stdin?.pause();
          stdout.off('resize', resize);
        }
        return await exitCodeOf(exec);
      } catch (error) {
        throw explainExec(name, argv, error);
      }
    },
  };
}
