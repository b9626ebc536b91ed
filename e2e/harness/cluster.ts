import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { defaultNodeImage } from '../../src/image/index.ts';
import { klab, must, mustKlab, type Ran, type RunOptions, root, run } from './run.ts';

/** Begins the name of everything tests make; another one keeps two runs on one machine apart. */
export const prefix = process.env.KLAB_E2E_PREFIX ?? 'e2e';

/** The node image under test, when it is not the default one. */
export const image = process.env.KLAB_E2E_IMAGE;

/** The clusters that tests share: made by the first test that wants one, removed when all are through. */
export const sharedClusters = {
  /** Three nodes, the default network. */
  default: { name: `${prefix}-default`, config: 'configs/kind.yaml' },
  /** Made, changed and deleted by the walkthrough alone: three nodes, at first without a network. */
  walkthrough: { name: `${prefix}-walk`, config: 'configs/no-cni.yaml' },
  /** The study notes' cluster: three nodes without a network. */
  noCni: { name: `${prefix}-kubelet`, config: 'configs/no-cni.yaml' },
  /** Three nodes whose network comes and goes. */
  cni: { name: `${prefix}-cni`, config: 'configs/no-cni.yaml' },
  /** One node, which runs short of things: pods are evicted from it and images removed. */
  short: { name: `${prefix}-short`, config: 'configs/minimal.yaml' },
} as const;

export interface Cluster {
  readonly name: string;
  readonly kubeconfig: string;
  /** kubectl on this cluster; fails the test when it fails. */
  kubectl(args: readonly string[], options?: RunOptions): Promise<string>;
  tryKubectl(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** `kubectl … -o json`, parsed. */
  json<T>(args: readonly string[]): Promise<T>;
  apply(manifest: unknown): Promise<void>;
  /** A command on a node; fails the test when it fails. */
  onNode(node: string, argv: readonly string[], options?: RunOptions): Promise<string>;
  tryOnNode(node: string, argv: readonly string[], options?: RunOptions): Promise<Ran>;
  /** A namespace of the test's own, removed by the function that comes with it. */
  namespace(purpose: string): Promise<{ readonly name: string; readonly remove: () => Promise<void> }>;
}

export const kubeconfigOf = (name: string): string => join(tmpdir(), `klab-${name}.kubeconfig`);
const kubectlPath = join(root, 'dist/bin/kubectl');

/** kubectl of the nodes' own version, from their image: it is there before the first cluster is. */
export async function ensureKubectl(): Promise<void> {
  if (existsSync(kubectlPath)) return;
  const argv = ['run', '--rm', '--network=none', '--entrypoint', 'cat', image ?? defaultNodeImage, '/usr/bin/kubectl'];
  const { stdout } = await execa('docker', argv, {
    encoding: 'buffer',
    maxBuffer: 256 * 1024 * 1024,
    stdin: 'ignore',
  });
  mkdirSync(join(root, 'dist/bin'), { recursive: true });
  writeFileSync(kubectlPath, stdout);
  chmodSync(kubectlPath, 0o755);
}

let serial = 0;

function clusterOf(name: string): Cluster {
  const kubeconfig = kubeconfigOf(name);
  const withConfig = (args: readonly string[]) => ['--kubeconfig', kubeconfig, ...args];
  const kubectl = (args: readonly string[], options: RunOptions = {}) => must(kubectlPath, withConfig(args), options);
  return {
    name,
    kubeconfig,
    kubectl,
    tryKubectl: (args, options = {}) => run(kubectlPath, withConfig(args), options),
    json: async (args) => JSON.parse(await kubectl([...args, '-o', 'json'])),
    async apply(manifest) {
      await kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
    },
    onNode: (node, argv, options = {}) => mustKlab(['exec', node, '--', ...argv], options),
    tryOnNode: (node, argv, options = {}) => klab(['exec', node, '--', ...argv], options),
    async namespace(purpose) {
      serial += 1;
      const ns = `${purpose}-${process.pid}-${serial}`;
      await kubectl(['create', 'namespace', ns]);
      // Pods are refused until the namespace has its account.
      await kubectl(['-n', ns, 'wait', '--for=create', 'serviceaccount/default', '--timeout=30s']);
      return {
        name: ns,
        remove: async () => {
          await kubectl(['delete', 'namespace', ns, '--wait=false', '--ignore-not-found']);
        },
      };
    },
  };
}

/** A shared cluster, made now if it is not there. */
export async function useCluster(kind: keyof typeof sharedClusters): Promise<Cluster> {
  const { name, config } = sharedClusters[kind];
  const { stdout } = await klab(['get', 'clusters']);
  if (!stdout.split('\n').includes(name)) {
    await mustKlab(
      [
        'create',
        'cluster',
        '--config',
        config,
        '--name',
        name,
        '--kubeconfig',
        kubeconfigOf(name),
        '--wait',
        '4m',
        '-v',
        '1',
        ...(image === undefined ? [] : ['--image', image]),
      ],
      {
        timeoutMs: 400_000,
      },
    );
  }
  await ensureKubectl();
  return clusterOf(name);
}
