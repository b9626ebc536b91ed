import { KlabError } from '../base/errors.ts';
import { clusterNotFound } from '../cluster/errors.ts';
import type { Heard } from '../watch/index.ts';
import type { TextOutput } from './command.ts';
import { runCli } from './run-cli.ts';
import type { CniApplyRequest, CreateRequest, ExecIo, LoadRequest, NodeSummary, UseCases } from './use-cases.ts';

/** Use cases with memory, for tests of the command line. */
export class FakeUseCases implements UseCases {
  readonly created: CreateRequest[] = [];
  readonly executed: { readonly node: string; readonly argv: readonly string[]; readonly io: ExecIo }[] = [];
  readonly loaded: LoadRequest[] = [];
  readonly appliedCnis: CniApplyRequest[] = [];
  readonly calls: unknown[] = [];
  cni: Awaited<ReturnType<UseCases['cniStatus']>> = { cluster: 'klab', networks: [], nodes: [] };
  clusters: readonly { readonly name: string; readonly workers: number }[] = [];
  /** Thrown by the next create, after its first step. */
  failure: Error | undefined;
  exitCode = 0;

  createCluster: UseCases['createCluster'] = async (request, { progress }) => {
    this.created.push(request);
    const { name, nodes } = request.config;
    progress({ type: 'stepStarted', step: 'Starting nodes', at: 0 });
    progress({ type: 'stepDetail', step: 'Starting nodes', text: 'one of one' });
    progress({
      type: 'stepEnded',
      step: 'Starting nodes',
      ms: 1_234,
      ...(this.failure ? { error: this.failure } : {}),
    });
    if (this.failure) throw this.failure;
    this.clusters = [...this.clusters, { name, workers: nodes.length - 1 }];
    return {
      name,
      kubeconfigPath: request.kubeconfig.flag ?? '/home/me/.kube/config',
      context: `klab-${name}`,
      apiServer: 'https://127.0.0.1:40001',
      nodes: nodes.map((node) => node.name),
    };
  };

  addNodes: UseCases['addNodes'] = async (request) => {
    this.calls.push(['addNodes', request]);
    if (this.failure) throw this.failure;
    return Array.from({ length: request.count }, (_, i) => `${request.cluster}-worker${i + 2}`);
  };

  deleteNodes: UseCases['deleteNodes'] = async (names) => {
    this.calls.push(['deleteNodes', names]);
    if (this.failure) throw this.failure;
    return names;
  };

  deleteCluster: UseCases['deleteCluster'] = async (cluster, kubeconfig) => {
    this.calls.push(['deleteCluster', cluster, kubeconfig.flag]);
    if (cluster === 'stuck') throw new KlabError('ENGINE_FAILED', 'it is stuck');
    const found = this.clusters.find(({ name }) => name === cluster);
    const existing = this.clusters.map(({ name }) => name);
    if (!found) throw clusterNotFound(cluster, existing);
    this.clusters = this.clusters.filter(({ name }) => name !== cluster);
    return { nodes: this.nodesOf(found).map((node) => node.name) };
  };

  listClusters: UseCases['listClusters'] = async () =>
    this.clusters.map(({ name, workers }) => ({ name, nodes: workers + 1 }));

  listNodes: UseCases['listNodes'] = async (cluster) =>
    this.clusters.filter(({ name }) => cluster === undefined || name === cluster).flatMap((each) => this.nodesOf(each));

  getKubeconfig: UseCases['getKubeconfig'] = async (cluster, internal) => `# ${cluster} internal=${internal}\n`;

  exportKubeconfig: UseCases['exportKubeconfig'] = async (cluster, internal, kubeconfig) => {
    this.calls.push(['exportKubeconfig', cluster, internal]);
    return { path: kubeconfig.flag ?? '/home/me/.kube/config', context: `klab-${cluster}` };
  };

  execInNode: UseCases['execInNode'] = async (node, argv, io) => {
    this.executed.push({ node, argv, io });
    return this.exitCode;
  };

  loadImages: UseCases['loadImages'] = async (request) => {
    this.loaded.push(request);
    return { images: request.sources, nodes: request.nodes };
  };

  loadArchives: UseCases['loadArchives'] = this.loadImages;

  exportLogs: UseCases['exportLogs'] = async (cluster, folder) => {
    this.calls.push(['exportLogs', cluster, folder]);
    return folder;
  };

  buildNodeImage: UseCases['buildNodeImage'] = async ({ image, withoutParts }) => ({
    image: image ?? 'klab/node:test',
    parts: withoutParts.map((name) => ({ name, ms: 5, cached: false })),
  });

  applyCni: UseCases['applyCni'] = async (request) => {
    this.appliedCnis.push(request);
    if (this.failure) throw this.failure;
    return {
      network: request.request.kind,
      source: 'calico.yaml',
      nodes: ['klab-control-plane'],
      objects: 3,
      changes: ['vxlan between nodes: it was asked for'],
      sysctls: { 'net.ipv4.conf.all.rp_filter': '0' },
      images: ['quay.io/calico/node:v1'],
      diff: '--- a\n+++ b\n',
    };
  };

  cniStatus: UseCases['cniStatus'] = async () => this.cni;

  removeCni: UseCases['removeCni'] = async (cluster, manifest) => {
    this.calls.push(['removeCni', cluster, manifest]);
    return {
      networks: ['calico'],
      nodes: ['klab-control-plane'],
      objects: 30,
      pods: ['kube-system/coredns-a'],
      problems: [],
    };
  };

  setSysctls: UseCases['setSysctls'] = async ({ cluster, nodes }, assignments) => {
    this.calls.push(['setSysctls', cluster, nodes, assignments]);
    return [{ node: 'lab-worker', name: 'net.ipv4.ip_forward', before: '1', after: '0' }];
  };

  getSysctls: UseCases['getSysctls'] = async ({ cluster, nodes }, names) => {
    this.calls.push(['getSysctls', cluster, nodes, names]);
    return [
      { node: 'lab-worker', name: 'net.ipv4.ip_forward', value: '0', kept: '0' },
      { node: 'lab-worker', name: 'net.core.somaxconn', value: '4096' },
    ];
  };

  watched: readonly Heard[] = [];

  watch: UseCases['watch'] = async ({ node, pod, once }) => {
    this.calls.push(['watch', node, pod, once]);
    if (this.failure) throw this.failure;
    return iterate(this.watched);
  };

  watchAtTerminal: UseCases['watchAtTerminal'] = async ({ node, pod }) => {
    this.calls.push(['watchAtTerminal', node, pod]);
  };

  watchInBrowser: UseCases['watchInBrowser'] = async ({ node, pod }, onReady) => {
    this.calls.push(['watchInBrowser', node, pod]);
    onReady('http://127.0.0.1:4000/?token=t');
  };

  explainPod: UseCases['explainPod'] = async ({ cluster, namespace }, pod) => {
    this.calls.push(['explainPod', cluster, namespace, pod]);
    if (this.failure) throw this.failure;
    return {
      pod: `default/${pod}`,
      node: 'lab-worker',
      phase: 'Running',
      why: ['It runs and is ready.'],
      steps: [],
      events: [],
      notes: [],
    };
  };

  private nodesOf({ name, workers }: { readonly name: string; readonly workers: number }): readonly NodeSummary[] {
    const names = ['control-plane', ...Array.from({ length: workers }, (_, i) => `worker${i === 0 ? '' : i + 1}`)];
    return names.map((role, i) => ({
      name: `${name}-${role}`,
      cluster: name,
      role: role.replace(/\d+$/, ''),
      state: 'running',
      image: 'klab/node:test',
      address: `172.18.0.${i + 2}`,
    }));
  }
}

async function* iterate<T>(items: readonly T[]): AsyncIterable<T> {
  yield* items;
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeWorld {
  readonly useCases?: UseCases;
  readonly stdin?: string;
  readonly atTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs a command line against fakes; `line` is split at blanks. */
export async function runLine(line: string | readonly string[], world: FakeWorld = {}): Promise<Ran> {
  const stdout = capture(world.atTerminal ?? false);
  const stderr = capture(world.atTerminal ?? false);
  const exitCode = await runCli(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
    useCases: world.useCases ?? new FakeUseCases(),
    io: {
      readStdin: async () => world.stdin ?? '',
      stdinIsTty: world.atTerminal ?? false,
      stdout,
      stderr,
    },
    env: world.env ?? {},
    cwd: '/here',
    home: '/home/me',
    signal: world.signal ?? new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function capture(isTTY: boolean): TextOutput & { text(): string } {
  let written = '';
  return {
    isTTY,
    columns: 80,
    write: (text) => {
      written += text;
    },
    text: () => written,
  };
}
