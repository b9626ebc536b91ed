import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, prefix, useCluster } from '../harness/cluster.ts';
import { klab, must, mustKlab } from '../harness/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'klab-load-'));
const image = `${prefix}/loaded`;
let cluster: Cluster;
let nodes: string[] = [];
beforeAll(async () => {
  cluster = await useCluster('default');
  nodes = ['control-plane', 'worker', 'worker2'].map((role) => `${cluster.name}-${role}`);
  // An image of one small file: nothing is pulled for it.
  const layer = join(folder, 'layer.tar');
  await must('tar', ['-C', import.meta.dirname, '-cf', layer, 'load-export.e2e.ts']);
  for (const tag of ['image', 'archive']) await must('docker', ['import', layer, `${image}:${tag}`]);
});
afterAll(async () => {
  for (const node of nodes)
    await cluster.tryOnNode(node, ['crictl', 'rmi', `docker.io/${image}:image`, `docker.io/${image}:archive`]);
  await must('docker', ['rmi', `${image}:image`, `${image}:archive`]);
  rmSync(folder, { recursive: true });
});

const hasImage = async (node: string, tag: string) =>
  JSON.parse(await cluster.onNode(node, ['crictl', 'images', '-o', 'json'])).images.some(
    ({ repoTags }: { repoTags: string[] }) => repoTags.includes(`docker.io/${image}:${tag}`),
  );

describe('load', () => {
  test('an image of this machine’s Docker, into every node', async () => {
    await mustKlab(['load', 'docker-image', `${image}:image`, '--name', cluster.name]);
    expect(await Promise.all(nodes.map((node) => hasImage(node, 'image')))).toEqual([true, true, true]);
  });

  test('an archive, into one node', async () => {
    const archive = join(folder, 'archive.tar');
    await must('docker', ['save', '-o', archive, `${image}:archive`]);
    await mustKlab(['load', 'image-archive', archive, '--name', cluster.name, '--nodes', `${cluster.name}-worker`]);
    expect(await Promise.all(nodes.map((node) => hasImage(node, 'archive')))).toEqual([false, true, false]);
  });

  test('an image that Docker does not have', async () => {
    const { stderr, exitCode } = await klab(['load', 'docker-image', `${image}:none`, '--name', cluster.name]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${image}:none`);
  });
});

describe('get', () => {
  test('nodes and clusters as JSON', async () => {
    const found: { name: string; role: string; state: string }[] = JSON.parse(
      await mustKlab(['get', 'nodes', '--name', cluster.name, '-o', 'json']),
    );
    expect(found.map(({ name, role, state }) => [name, role, state])).toEqual([
      [nodes[0], 'control-plane', 'running'],
      [nodes[1], 'worker', 'running'],
      [nodes[2], 'worker', 'running'],
    ]);
    expect(await mustKlab(['get', 'clusters', '-o', 'json'])).toContain(`"${cluster.name}"`);
  });

  test('a kubeconfig that opens the cluster', async () => {
    const text = await mustKlab(['get', 'kubeconfig', '--name', cluster.name]);
    expect(text).toContain(`current-context: klab-${cluster.name}`);
  });
});

test('exec gives back output and exit code', async () => {
  const { stdout, exitCode } = await cluster.tryOnNode(`${cluster.name}-worker`, ['sh', '-c', 'hostname; exit 5']);
  expect({ stdout, exitCode }).toEqual({ stdout: `${cluster.name}-worker`, exitCode: 5 });
});

test('export logs writes a folder for each node', async () => {
  const logs = join(folder, 'logs');
  await mustKlab(['export', 'logs', logs, '--name', cluster.name]);
  for (const node of nodes) {
    for (const file of ['kubelet.log', 'containerd.log', 'journal.log', 'inspect.json', 'serial.log']) {
      expect(existsSync(join(logs, node, file)), `${node}/${file}`).toBe(true);
    }
    expect(readdirSync(join(logs, node, 'pods'))).toContainEqual(expect.stringMatching(/^kube-system_kube-proxy-/));
    expect(readFileSync(join(logs, node, 'kubelet.log'), 'utf8')).toMatch(/Kubelet version/);
  }
});
