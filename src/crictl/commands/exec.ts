import type { Command } from 'commander';
import WebSocket from 'ws';
import { KlabError } from '../../base/errors.ts';
import type { CrictlContext } from '../context.ts';
import { chooseById } from '../filters.ts';

type WithContext = (run: (context: CrictlContext) => Promise<void>) => Promise<void>;

interface ExecOptions {
  readonly sync: boolean;
  readonly timeout: string;
  readonly interactive: boolean;
  readonly tty: boolean;
}

/** Channels of the remote command protocol. https://github.com/kubernetes/cri-streaming */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** The exit code in the Status that ends a stream: 0 for Success. */
export function exitCodeOf(text: string): number {
  const status = JSON.parse(text) as {
    status?: string;
    message?: string;
    details?: { causes?: readonly { reason?: string; message?: string }[] };
  };
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  if (cause?.message === undefined)
    throw new KlabError('EXEC_FAILED', status.message ?? 'the runtime refused the command');
  return Number(cause.message);
}

/** Joins this process' streams to a stream URL of the runtime; answers the command's exit code. */
export function stream(url: string, options: { readonly stdin: boolean; readonly tty: boolean }): Promise<number> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), ['v4.channel.k8s.io']);
  return new Promise<number>((resolve, reject) => {
    let exitCode = 0;
    const send = (to: number, data: Buffer | string) =>
      socket.send(Buffer.concat([Buffer.from([to]), typeof data === 'string' ? Buffer.from(data) : data]));
    const resize = () =>
      send(channel.resize, JSON.stringify({ Width: process.stdout.columns, Height: process.stdout.rows }));
    socket.on('open', () => {
      if (options.tty && process.stdout.isTTY) {
        resize();
        process.stdout.on('resize', resize);
      }
      if (!options.stdin) return;
      if (options.tty && process.stdin.isTTY) process.stdin.setRawMode(true);
      process.stdin.on('data', (data: Buffer) => send(channel.stdin, data));
    });
    socket.on('message', (data: Buffer) => {
      const payload = data.subarray(1);
      if (payload.length === 0) return;
      if (data[0] === channel.stdout) process.stdout.write(payload);
      if (data[0] === channel.stderr) process.stderr.write(payload);
      if (data[0] === channel.error) {
        try {
          exitCode = exitCodeOf(payload.toString('utf8'));
        } catch (error) {
          reject(error);
        }
      }
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      process.stdin.pause();
      process.stdout.off('resize', resize);
      resolve(exitCode);
    });
  });
}

async function exec(
  { cri, out, err }: CrictlContext,
  id: string,
  command: readonly string[],
  options: ExecOptions,
): Promise<void> {
  const { id: containerId } = chooseById('container', await cri.listContainers(), id);
  if (options.sync) {
    const result = await cri.execSync(containerId, command, Number(options.timeout));
    out(Buffer.from(result.stdout).toString('utf8'));
    err(Buffer.from(result.stderr).toString('utf8'));
    process.exitCode = result.exitCode;
    return;
  }
  const { interactive: stdin, tty } = options;
  const url = await cri.exec({ containerId, command, stdin, stdout: true, stderr: !tty, tty });
  process.exitCode = await stream(url, { stdin, tty });
}

export function addExecCommands(program: Command, withContext: WithContext): void {
  program
    .command('exec')
    .description('Run a command in a running container')
    .argument('<id>')
    .argument('<command...>')
    .passThroughOptions()
    .option('-s, --sync', 'Run the command synchronously', false)
    .option('--timeout <seconds>', 'Timeout in seconds, with --sync', '0')
    .option('-i, --interactive', 'Keep STDIN open', false)
    .option('-t, --tty', 'Allocate a pseudo-TTY', false)
    .action((id: string, command: string[], options: ExecOptions) =>
      withContext((context) => exec(context, id, command, options)),
    );
  program
    .command('attach')
    .description('Attach to a running container')
    .argument('<id>')
    .option('-i, --stdin', 'Keep STDIN open', false)
    .option('-t, --tty', 'Allocate a pseudo-TTY', false)
    .action((id: string, { stdin, tty }: { stdin: boolean; tty: boolean }) =>
      withContext(async ({ cri }) => {
        const { id: containerId } = chooseById('container', await cri.listContainers(), id);
        const url = await cri.attach({ containerId, stdin, stdout: true, stderr: !tty, tty });
        process.exitCode = await stream(url, { stdin, tty });
      }),
    );
}
