import { rm } from 'node:fs/promises';
import { image, kubeconfigOf } from '../harness/cluster.ts';
import { klab, mustKlab } from '../harness/run.ts';
import { commonImages } from './images.ts';
import { pointNodeAtRegistry } from './registry.ts';

export type KubeletKind = 'klab' | 'upstream';

/** A control plane and two workers, every node with the kubelet that is asked for. */
const clusterFile = (kubelet: KubeletKind): string =>
  JSON.stringify({
    kind: 'Cluster',
    apiVersion: 'klab.dev/v1alpha1',
    nodes: ['control-plane', 'worker', 'worker'].map((role) => ({ role, kubelet })),
  });

export interface TestCluster {
  readonly name: string;
  readonly kubeconfig: string;
  readonly nodes: readonly string[];
}

/** Makes the cluster, unless it is there. */
export async function ensureCluster(
  name: string,
  kubelet: KubeletKind,
  report: (line: string) => void,
): Promise<TestCluster> {
  const kubeconfig = kubeconfigOf(name);
  const existing = (await mustKlab(['get', 'clusters'])).split('\n');
  if (existing.includes(name)) {
    report(`using the cluster ${name}`);
    await mustKlab(['export', 'kubeconfig', '--name', name, '--kubeconfig', kubeconfig]);
  } else {
    report(`klab create cluster --name ${name} (every kubelet: ${kubelet})`);
    await mustKlab(
      [
        ...['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--config', '-', '--wait', '4m'],
        ...(image === undefined ? [] : ['--image', image]),
      ],
      { input: clusterFile(kubelet), timeoutMs: 400_000 },
    );
  }
  const nodes = (await mustKlab(['get', 'nodes', '--name', name])).split('\n').filter((node) => node !== '');
  return { name, kubeconfig, nodes };
}

/** Lets the nodes pull the test images, and pulls those that nearly every test uses. */
export async function pullImages({ nodes }: TestCluster, registry: string): Promise<void> {
  await Promise.all(nodes.map((node) => pointNodeAtRegistry(node, registry)));
  for (const testImage of commonImages) {
    await Promise.all(nodes.map((node) => mustKlab(['exec', node, '--', 'crictl', 'pull', testImage])));
  }
}

/** Removes the cluster, if there is one, and its kubeconfig. */
export async function removeCluster(name: string): Promise<void> {
  const { stdout } = await klab(['get', 'clusters']);
  if (stdout.split('\n').includes(name))
    await mustKlab(['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfigOf(name)]);
  await rm(kubeconfigOf(name), { force: true });
}
