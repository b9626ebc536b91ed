import type { Command } from 'commander';
import { PodSandbox, PodSandboxStatus } from '../../cri/generated/api.ts';
import type { CrictlContext } from '../context.ts';
import { chooseById, chooseSandboxes, parseLabels, sandboxStateName } from '../filters.ts';
import { type Format, protoJson, render, renderTable } from '../output.ts';
import { ago, shortId } from '../units.ts';
import { parseInfo } from './containers.ts';

type WithContext = (run: (context: CrictlContext) => Promise<void>) => Promise<void>;

const zero = { state: 'SANDBOX_READY' } as const;

interface PodsOptions {
  readonly quiet: boolean;
  readonly output: Format;
  readonly trunc: boolean;
  readonly id?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly state?: string;
  readonly label: readonly string[];
  readonly latest: boolean;
  readonly last?: string;
}

async function pods({ cri, now, out }: CrictlContext, options: PodsOptions): Promise<void> {
  const { label, last, ...rest } = options;
  const sandboxes = chooseSandboxes(await cri.listPodSandboxes(), {
    ...rest,
    labels: parseLabels(label),
    ...(last === undefined ? {} : { last: Number(last) }),
  });
  if (options.quiet) {
    out(sandboxes.map(({ id }) => `${id}\n`).join(''));
    return;
  }
  if (options.output !== 'table') {
    out(render(options.output, { items: sandboxes.map((s) => protoJson(s, PodSandbox.toJSON(s), zero)) }));
    return;
  }
  const rows = sandboxes.map((s) => [
    options.trunc ? shortId(s.id) : s.id,
    ago(now() - Number(s.createdAt / 1_000_000n)),
    sandboxStateName(s.state),
    s.metadata?.name ?? '',
    s.metadata?.namespace ?? '',
    String(s.metadata?.attempt ?? 0),
    s.runtimeHandler || '(default)',
  ]);
  out(renderTable(['POD ID', 'CREATED', 'STATE', 'NAME', 'NAMESPACE', 'ATTEMPT', 'RUNTIME'], rows));
}

async function inspectp({ cri, out }: CrictlContext, ids: readonly string[], output: Format): Promise<void> {
  const sandboxes = await cri.listPodSandboxes();
  for (const id of ids) {
    const { status, info } = await cri.podSandboxStatus(chooseById('pod', sandboxes, id).id, true);
    const plain = protoJson(status, status && PodSandboxStatus.toJSON(status), zero) as Record<string, unknown>;
    const createdAt = new Date(Number((status?.createdAt ?? 0n) / 1_000_000n)).toISOString();
    out(render(output === 'yaml' ? 'yaml' : 'json', { info: parseInfo(info), status: { ...plain, createdAt } }));
  }
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addPodCommands(program: Command, withContext: WithContext): void {
  program
    .command('pods')
    .description('List pods')
    .option('-q, --quiet', 'Show only pod IDs', false)
    .option('-o, --output <format>', 'Output format, one of: json|yaml|table', 'table')
    .option('--no-trunc', 'Show output without truncating the IDs')
    .option('--id <id>', 'Filter by pod id')
    .option('--name <regexp>', 'Filter by pod name')
    .option('--namespace <regexp>', 'Filter by pod namespace')
    .option('-s, --state <state>', 'Filter by pod state: ready, notready')
    .option('--label <key=value>', 'Filter by label', collect, [])
    .option('-l, --latest', 'Show the most recently created pod', false)
    .option('-n, --last <n>', 'Show last n recently created pods')
    .action((options: PodsOptions) => withContext((context) => pods(context, options)));
  program
    .command('inspectp')
    .description('Display the status of one or more pods')
    .argument('<id...>')
    .option('-o, --output <format>', 'Output format, one of: json|yaml', 'json')
    .action((ids: string[], { output }: { output: Format }) =>
      withContext((context) => inspectp(context, ids, output)),
    );

  const onEach = (ids: readonly string[], all: boolean, act: (context: CrictlContext, id: string) => Promise<string>) =>
    withContext(async (context) => {
      const sandboxes = await context.cri.listPodSandboxes();
      const chosen = all ? sandboxes : ids.map((id) => chooseById('pod', sandboxes, id));
      for (const { id } of chosen) context.out(`${await act(context, id)} sandbox ${id}\n`);
    });
  program
    .command('stopp')
    .description('Stop one or more running pods')
    .argument('<id...>')
    .action((ids: string[]) =>
      onEach(ids, false, async ({ cri }, id) => {
        await cri.stopPodSandbox(id);
        return 'Stopped';
      }),
    );
  program
    .command('rmp')
    .description('Remove one or more pods')
    .argument('[id...]')
    .option('-a, --all', 'Remove all pods', false)
    .option('-f, --force', 'Force removal of the pod sandbox, disregarding if running', false)
    .action((ids: string[], { all, force }: { all: boolean; force: boolean }) =>
      onEach(ids, all, async ({ cri }, id) => {
        if (force) await cri.stopPodSandbox(id);
        await cri.removePodSandbox(id);
        return 'Removed';
      }),
    );
}
