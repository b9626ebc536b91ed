import type { Command } from 'commander';
import { KlabError } from '../../base/errors.ts';
import { ContainerState } from '../../cri/generated/api.ts';
import { readLogs } from '../../cri/logs/read.ts';
import type { CrictlContext } from '../context.ts';
import { chooseById } from '../filters.ts';
import { parseDuration } from '../units.ts';

type WithContext = (run: (context: CrictlContext) => Promise<void>) => Promise<void>;

interface LogsOptions {
  readonly follow: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly timestamps: boolean;
  readonly limitBytes?: string;
}

const number = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === '-1' || text === 'all') return undefined;
  if (!/^\d+$/.test(text)) throw new KlabError('BAD_FLAG', `--${name} takes a number, not "${text}"`);
  return Number(text);
};

/** A moment: a duration before now (`5m`) or RFC 3339. */
function moment(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const at = ago === undefined ? Date.parse(text) : now - ago;
  if (Number.isNaN(at))
    throw new KlabError('BAD_FLAG', `--since takes a duration or a time, not "${text}"`, {
      hint: 'like 5m, or 2026-11-23T12:00:00Z',
    });
  return at;
}

async function logs({ cri, now }: CrictlContext, id: string, options: LogsOptions): Promise<void> {
  const { id: containerId } = chooseById('container', await cri.listContainers(), id);
  const { status } = await cri.containerStatus(containerId, false);
  if (!status?.logPath) throw new KlabError('NO_LOG', `container ${containerId} has no log`);
  await readLogs(status.logPath, {
    follow: options.follow,
    tailLines: number('tail', options.tail),
    since: moment(options.since, now()),
    timestamps: options.timestamps,
    limitBytes: number('limit-bytes', options.limitBytes),
    stream: 'all',
    isRunning: async () =>
      (await cri.containerStatus(containerId, false)).status?.state === ContainerState.CONTAINER_RUNNING,
    write: async (chunk, stream) => {
      (stream === 'stdout' ? process.stdout : process.stderr).write(chunk);
    },
    signal: new AbortController().signal,
  });
}

export function addLogsCommand(program: Command, withContext: WithContext): void {
  program
    .command('logs')
    .description('Fetch the logs of a container')
    .argument('<id>')
    .option('-f, --follow', 'Follow log output', false)
    .option('--tail <lines>', 'Number of lines to show from the end of the logs')
    .option('--since <time>', 'Show logs since a time or for a duration before now')
    .option('-t, --timestamps', 'Show timestamps', false)
    .option('--limit-bytes <bytes>', 'Maximum bytes of logs to return')
    .action((id: string, options: LogsOptions) => withContext((context) => logs(context, id, options)));
}
