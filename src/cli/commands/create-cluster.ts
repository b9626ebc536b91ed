import type { ProgressEvent } from '../../base/progress.ts';
import { loadClusterConfig } from '../../config/load.ts';
import type { ClusterConfig } from '../../config/model.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { usageError } from '../errors.ts';
import {
  booleanFlag,
  durationFlag,
  kubeconfigFlag,
  newClusterNameFlag,
  type OutputFormat,
  outputFlag,
  textFlag,
} from '../flags.ts';
import { kubeconfigPlace } from '../kubeconfig-place.ts';
import type { CreatedCluster } from '../use-cases.ts';

interface Flags {
  readonly name: string | undefined;
  readonly config: string | undefined;
  readonly image: string | undefined;
  readonly cni: string | undefined;
  readonly waitMs: number;
  readonly retain: boolean;
  readonly kubeconfig: string | undefined;
  readonly output: OutputFormat;
}

export const createCluster = defineCommand<Flags>({
  path: 'create cluster',
  isDefault: true,
  undoes: true,
  summary: 'Make a cluster',
  description: `Make a cluster of Docker containers and add it to your kubeconfig.

klab waits until the cluster can be used: every node is ready and its DNS answers or, where the network is left out,
the control plane and kube-proxy run. When that takes longer than --wait, or anything fails, the logs are saved,
everything that was made is removed again, and klab exits with an error.`,
  examples: [
    { command: 'klab create', help: 'one node, with every default' },
    { command: 'klab create --config configs/kind.yaml --name lab', help: 'from a file that kind reads too' },
    { command: 'klab create --config - < my.yaml', help: 'from standard input' },
    { command: 'klab create --cni calico', help: "another network than klab's own" },
    { command: 'klab create --wait 0', help: 'return as soon as the nodes were started' },
  ],
  flags: {
    name: newClusterNameFlag,
    config: textFlag({
      long: 'config',
      short: 'c',
      value: 'FILE',
      help: 'cluster configuration, - for standard input',
      completes: 'file',
    }),
    image: textFlag({ long: 'image', value: 'IMAGE', help: 'node image of every node' }),
    cni: textFlag({
      long: 'cni',
      value: 'NETWORK',
      help: 'default, none, calico, or a manifest: a file, a URL, - for standard input',
      shownDefault: "the configuration's, or klab's own",
      completes: ['default', 'none', 'calico'],
    }),
    waitMs: durationFlag({
      long: 'wait',
      help: 'how long the cluster may take until it can be used; 0: do not wait',
      shownDefault: '5m',
      defaultMs: 300_000,
    }),
    retain: booleanFlag({ long: 'retain', help: 'keep the nodes when something fails, to look at them' }),
    kubeconfig: kubeconfigFlag,
    output: outputFlag,
  },
  run: async (context, flags) => {
    const config = await readConfig(context, flags);
    const steps: StepTime[] = [];
    const progress = (event: ProgressEvent) => {
      if (event.type === 'stepEnded') steps.push({ step: event.step, ms: Math.round(event.ms) });
      context.run.progress(event);
    };
    const request = {
      config,
      waitMs: flags.waitMs,
      retain: flags.retain,
      kubeconfig: kubeconfigPlace(context, flags),
      ...(flags.cni === '-' ? { stdin: context.io.readStdin } : {}),
    };
    const created = await context.useCases.createCluster(request, { ...context.run, progress });
    if (flags.output === 'json') context.io.stdout.write(`${JSON.stringify({ ...created, steps }, undefined, 2)}\n`);
    else context.view.note(whatNext(created, config, flags.kubeconfig));
    return undefined;
  },
});

const applyCalico = ({ name }: CreatedCluster): string => `klab cni apply calico --name ${name}`;

interface StepTime {
  readonly step: string;
  readonly ms: number;
}

async function readConfig({ io, cwd }: CommandContext, { config, name, image, cni }: Flags): Promise<ClusterConfig> {
  if (config === '-' && cni === '-') {
    throw usageError('standard input cannot be both --config and --cni', 'name a file for one of them');
  }
  return loadClusterConfig({
    cwd,
    stdin: io.readStdin,
    ...(config === undefined ? {} : { path: config }),
    ...(name === undefined ? {} : { name }),
    ...(image === undefined ? {} : { image }),
    ...(cni === undefined ? {} : { cni }),
  });
}

function whatNext(created: CreatedCluster, config: ClusterConfig, kubeconfig: string | undefined): string {
  const flag = kubeconfig === undefined ? '' : ` --kubeconfig ${kubeconfig}`;
  const lines = [
    `Set kubectl context to "${created.context}" in ${created.kubeconfigPath}`,
    'You can now use your cluster with:',
    '',
    `  kubectl cluster-info --context ${created.context}${flag}`,
    `  klab exec ${created.nodes[0] ?? 'NODE'} -- crictl ps`,
  ];
  if (config.networking.cni.kind === 'none') {
    lines.push(
      '',
      'No network was installed: nodes stay NotReady until you apply a CNI plugin.',
      `  ${applyCalico(created)}`,
    );
  }
  return lines.join('\n');
}
