import type { Command } from 'commander';
import { Container, ContainerStatsResponse, ContainerStatus } from '../../cri/generated/api.ts';
import type { Container as CriContainer } from '../../cri/port.ts';
import type { CrictlContext } from '../context.ts';
import { chooseById, chooseContainers, containerStateName, parseLabels } from '../filters.ts';
import { type Format, protoJson, render, renderTable } from '../output.ts';
import { ago, humanSize, shortId, shownImage } from '../units.ts';

type WithContext = (run: (context: CrictlContext) => Promise<void>) => Promise<void>;

const zero = { state: 'CONTAINER_CREATED' } as const;
const podLabel = (container: CriContainer, key: string): string => container.labels[`io.kubernetes.pod.${key}`] ?? '';

interface PsOptions {
  readonly all: boolean;
  readonly quiet: boolean;
  readonly output: Format;
  readonly truncate: boolean;
  readonly id?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly image?: string;
  readonly state?: string;
  readonly label: readonly string[];
  readonly latest: boolean;
  readonly last?: string;
}

async function ps({ cri, now, out }: CrictlContext, options: PsOptions): Promise<void> {
  const { label, last, ...rest } = options;
  const containers = chooseContainers(await cri.listContainers(), {
    ...rest,
    labels: parseLabels(label),
    ...(last === undefined ? {} : { last: Number(last) }),
  });
  if (options.quiet) {
    out(containers.map(({ id }) => `${id}\n`).join(''));
    return;
  }
  if (options.output !== 'table') {
    out(render(options.output, { containers: containers.map((c) => protoJson(c, Container.toJSON(c), zero)) }));
    return;
  }
  const short = options.truncate ? shortId : (id: string) => id;
  const rows = containers.map((c) => [
    short(c.id),
    shownImage(c.image?.image || c.imageRef, options.truncate),
    ago(now() - Number(c.createdAt / 1_000_000n)),
    containerStateName(c.state),
    c.metadata?.name ?? '',
    String(c.metadata?.attempt ?? 0),
    short(c.podSandboxId),
    podLabel(c, 'name') || 'unknown',
    podLabel(c, 'namespace') || 'unknown',
  ]);
  out(renderTable(['CONTAINER', 'IMAGE', 'CREATED', 'STATE', 'NAME', 'ATTEMPT', 'POD ID', 'POD', 'NAMESPACE'], rows));
}

/** The runtime's verbose map with its JSON values parsed, as crictl shows it. */
export const parseInfo = (info: Readonly<Record<string, string>>): unknown => {
  const parsed = Object.fromEntries(
    Object.entries(info).map(([key, value]) => {
      try {
        return [key, JSON.parse(value) as unknown];
      } catch {
        return [key, value];
      }
    }),
  );
  return 'info' in parsed && Object.keys(parsed).length === 1 ? parsed.info : parsed;
};

async function inspect({ cri, out }: CrictlContext, ids: readonly string[], output: Format): Promise<void> {
  const containers = await cri.listContainers();
  for (const id of ids) {
    const chosen = chooseById('container', containers, id);
    const { status, info } = await cri.containerStatus(chosen.id, true);
    const times = (ns: bigint | undefined) =>
      ns === undefined || ns === 0n ? '' : new Date(Number(ns / 1_000_000n)).toISOString();
    const plain = protoJson(status, status && ContainerStatus.toJSON(status), zero) as Record<string, unknown>;
    const readable = {
      ...plain,
      createdAt: times(status?.createdAt),
      startedAt: times(status?.startedAt),
      finishedAt: times(status?.finishedAt) || '0001-01-01T00:00:00Z',
    };
    out(render(output === 'yaml' ? 'yaml' : 'json', { info: parseInfo(info), status: readable }));
  }
}

/** Two readings, so that CPU can be a rate. */
const statsIntervalMs = 1000;

async function stats(
  { cri, out }: CrictlContext,
  options: { id?: string; output: Format; all: boolean },
): Promise<void> {
  const before = new Map((await cri.listContainerStats()).map((s) => [s.attributes?.id ?? '', s]));
  await new Promise((resolve) => setTimeout(resolve, statsIntervalMs));
  const after = (await cri.listContainerStats()).filter(({ attributes }) =>
    attributes?.id.startsWith(options.id ?? ''),
  );
  if (options.output !== 'table') {
    const all = after.map((s) =>
      protoJson(s, (ContainerStatsResponse.toJSON({ stats: s }) as { stats?: unknown }).stats),
    );
    out(render(options.output, { stats: all }));
    return;
  }
  const rows = after.map((s) => {
    const earlier = before.get(s.attributes?.id ?? '')?.cpu;
    const used = Number((s.cpu?.usageCoreNanoSeconds?.value ?? 0n) - (earlier?.usageCoreNanoSeconds?.value ?? 0n));
    const elapsed = Number((s.cpu?.timestamp ?? 0n) - (earlier?.timestamp ?? 0n));
    return [
      shortId(s.attributes?.id ?? ''),
      s.attributes?.metadata?.name ?? '',
      (elapsed > 0 ? (used / elapsed) * 100 : 0).toFixed(2),
      humanSize(Number(s.memory?.workingSetBytes?.value ?? 0n)),
      humanSize(Number(s.writableLayer?.usedBytes?.value ?? 0n)),
      String(s.writableLayer?.inodesUsed?.value ?? 0n),
    ];
  });
  out(renderTable(['CONTAINER', 'NAME', 'CPU %', 'MEM', 'DISK', 'INODES'], rows));
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addContainerCommands(program: Command, withContext: WithContext): void {
  program
    .command('ps')
    .description('List containers')
    .option('-a, --all', 'Show all containers', false)
    .option('-q, --quiet', 'Only display container IDs', false)
    .option('-o, --output <format>', 'Output format, one of: json|yaml|table', 'table')
    .option('--no-trunc', 'Show output without truncating the IDs')
    .option('--id <id>', 'Filter by container id')
    .option('--name <regexp>', 'Filter by container name')
    .option('--namespace <regexp>', 'Filter by pod namespace')
    .option('-p, --pod <id>', 'Filter by pod id')
    .option('--image <image>', 'Filter by container image')
    .option('-s, --state <state>', 'Filter by container state: created, running, exited, unknown')
    .option('--label <key=value>', 'Filter by label', collect, [])
    .option('-l, --latest', 'Show the most recently created container', false)
    .option('-n, --last <n>', 'Show last n recently created containers')
    .action((options: Omit<PsOptions, 'truncate'> & { trunc: boolean }) =>
      withContext((context) => ps(context, { ...options, truncate: options.trunc })),
    );
  program
    .command('inspect')
    .description('Display the status of one or more containers')
    .argument('<id...>')
    .option('-o, --output <format>', 'Output format, one of: json|yaml', 'json')
    .action((ids: string[], { output }: { output: Format }) => withContext((context) => inspect(context, ids, output)));
  program
    .command('stats')
    .description('List container(s) resource usage statistics')
    .argument('[id]')
    .option('-a, --all', 'Show all containers', false)
    .option('-o, --output <format>', 'Output format, one of: json|yaml|table', 'table')
    .action((id: string | undefined, options: { output: Format; all: boolean }) =>
      withContext((context) => stats(context, { ...options, ...(id === undefined ? {} : { id }) })),
    );

  const onEach = (ids: readonly string[], all: boolean, act: (context: CrictlContext, id: string) => Promise<void>) =>
    withContext(async (context) => {
      const containers = await context.cri.listContainers();
      const chosen = all ? containers : ids.map((id) => chooseById('container', containers, id));
      for (const { id } of chosen) {
        await act(context, id);
        context.out(`${id}\n`);
      }
    });
  program
    .command('start')
    .description('Start one or more created containers')
    .argument('<id...>')
    .action((ids: string[]) => onEach(ids, false, ({ cri }, id) => cri.startContainer(id)));
  program
    .command('stop')
    .description('Stop one or more running containers')
    .argument('<id...>')
    .option('-t, --timeout <seconds>', 'Seconds to wait to kill the container after a graceful stop is requested', '0')
    .action((ids: string[], { timeout }: { timeout: string }) =>
      onEach(ids, false, ({ cri }, id) => cri.stopContainer(id, Number(timeout))),
    );
  program
    .command('rm')
    .description('Remove one or more containers')
    .argument('[id...]')
    .option('-a, --all', 'Remove all containers', false)
    .option('-f, --force', 'Force removal of the container, disregarding if running', false)
    .action((ids: string[], { all, force }: { all: boolean; force: boolean }) =>
      onEach(ids, all, async ({ cri }, id) => {
        if (force) await cri.stopContainer(id, 0);
        await cri.removeContainer(id);
      }),
    );
}
