import type { AppliedCni, CniRequest, Encapsulation } from '../../cluster/cni/index.ts';
import { type ArgumentSpec, defineCommand } from '../command.ts';
import { usageError } from '../errors.ts';
import {
  booleanFlag,
  choiceFlag,
  clusterNameFlag,
  durationFlag,
  type OutputFormat,
  outputFlag,
  textFlag,
} from '../flags.ts';

interface Flags {
  readonly name: string;
  readonly manifest: string | undefined;
  readonly encapsulation: Encapsulation | 'auto';
  readonly sha256: string | undefined;
  readonly dryRun: boolean;
  readonly waitMs: number;
  readonly retain: boolean;
  readonly output: OutputFormat;
}

const networkArgument: ArgumentSpec = {
  name: 'NETWORK',
  help: "calico, default (klab's own), or a manifest: a file, a URL, - for standard input",
  min: 1,
  max: 1,
  completes: ['calico', 'default'],
};

export const applyCni = defineCommand<Flags>({
  path: 'cni apply',
  undoes: true,
  summary: 'Install a network on a cluster that has none',
  description: `Install a network on a cluster that was made without one (networking.cni: none, or disableDefaultCNI), or
whose network was removed.

Calico's published manifest is downloaded once and kept; its sha256 is recorded beside it, and another one is refused
from then on. It is fitted to the cluster: the pods' range, the MTU, IPIP or VXLAN by what the kernel can do, how nodes
find their address, and IPv6 where the cluster has it. Other manifests are applied as they are.

Images that this machine has are loaded into the nodes, the others pulled; then the sysctls that Calico needs are set,
the objects applied, and klab waits until every node is Ready, pods of all nodes reach one another and cluster DNS
answers them. When anything fails, what was applied is taken back.`,
  examples: [
    { command: 'klab cni apply calico', help: "Calico's release that klab knows" },
    { command: 'klab cni apply calico --dry-run', help: 'only show what would be changed in its manifest' },
    { command: 'klab cni apply calico --manifest calico.yaml', help: 'without network, or another version' },
    { command: 'klab cni apply calico --encapsulation vxlan', help: 'VXLAN, whatever the manifest has' },
    { command: 'klab cni apply ./kube-flannel.yml', help: "another's manifest" },
    { command: 'klab cni apply default', help: "klab's own network, after another was removed" },
  ],
  argument: networkArgument,
  flags: {
    name: clusterNameFlag,
    manifest: textFlag({
      long: 'manifest',
      value: 'FILE',
      help: "Calico's manifest instead of the one klab downloads: a file, a URL, - for standard input",
      completes: 'file',
    }),
    encapsulation: choiceFlag({
      long: 'encapsulation',
      value: 'KIND',
      help: "how Calico wraps traffic between nodes: auto (the manifest's, where the kernel has it), ipip, vxlan or none",
      choices: ['auto', 'ipip', 'vxlan', 'none'],
      otherwise: 'auto',
    }),
    sha256: textFlag({ long: 'sha256', value: 'HEX', help: 'refuse a manifest with another sha256' }),
    dryRun: booleanFlag({ long: 'dry-run', help: 'change nothing; show what would be, as a diff' }),
    waitMs: durationFlag({
      long: 'wait',
      help: 'how long the network may take until it carries traffic; 0: do not wait',
      shownDefault: '5m',
      defaultMs: 300_000,
    }),
    retain: booleanFlag({ long: 'retain', help: 'keep what was applied when something fails, to look at it' }),
    output: outputFlag,
  },
  run: async ({ useCases, run, view, io, cwd }, { name, manifest, output, ...flags }, [network = '']) => {
    const request = requestOf(network, manifest, flags.encapsulation);
    const stdin = io.readStdin;
    const applied = await useCases.applyCni({ ...flags, cluster: name, request, cwd, stdin }, run);
    if (output === 'json') io.stdout.write(`${JSON.stringify(applied, undefined, 2)}\n`);
    else {
      if (flags.dryRun) io.stdout.write(applied.diff);
      view.note(describe(applied, flags));
    }
    return undefined;
  },
});

function requestOf(network: string, manifest: string | undefined, encapsulation: string): CniRequest {
  if (network === 'calico') return { kind: 'calico', manifest };
  const hint = 'to install Calico from a file: `klab cni apply calico --manifest FILE`';
  if (manifest !== undefined) throw usageError('--manifest is for calico', hint);
  if (network !== 'default') return { kind: 'manifest', source: network };
  if (encapsulation !== 'auto') throw usageError("klab's own network has no --encapsulation", 'leave it out');
  return { kind: 'default' };
}

function describe(applied: AppliedCni, { dryRun, waitMs }: Pick<Flags, 'dryRun' | 'waitMs'>): string {
  const { network, source, nodes, objects, changes, sysctls, images, note } = applied;
  const settings = Object.entries(sysctls).map(([name, value]) => `${name}=${value}`);
  const details = [
    ...changes.map((change) => `  ${change}`),
    ...(settings.length > 0 ? [`  sysctls: ${settings.join(' ')}`] : []),
    ...(images.length > 0 ? [`  images: ${images.join(', ')}`] : []),
  ];
  const heading = dryRun
    ? `Would apply ${network} from ${source}: ${objects} objects, for ${nodes.join(', ')}`
    : `Installed ${network} from ${source}: ${objects} objects; ${waitMs > 0 ? 'pods reach one another on' : 'not waited for'} ${nodes.join(', ')}`;
  return [heading, ...details, ...(note === undefined ? [] : [note])].join('\n');
}
