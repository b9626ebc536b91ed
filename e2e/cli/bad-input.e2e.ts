import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prefix, useCluster } from '../harness/cluster.ts';
import { nodesOf } from '../harness/docker.ts';
import { eventually } from '../harness/eventually.ts';
import { klab } from '../harness/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'klab-bad-input-'));
const kubeconfig = join(folder, 'kubeconfig');
const name = `${prefix}-bad`;
afterAll(async () => {
  await klab(['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig]);
  rmSync(folder, { recursive: true });
});

/** `klab create cluster` of one node, with more in its configuration. */
const create = (node: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  klab(['create', 'cluster', '--config', '-', '--name', name, '--kubeconfig', kubeconfig], {
    input: ['kind: Cluster', 'apiVersion: kind.x-k8s.io/v1alpha4', 'nodes:', '- role: control-plane', ...node].join(
      '\n',
    ),
    env,
  });
async function expectNothingLeft(): Promise<void> {
  expect(await nodesOf(name)).toEqual([]);
  expect(existsSync(kubeconfig)).toBe(false);
}

describe('before anything is made', () => {
  test('a cluster name that is taken', async () => {
    const cluster = await useCluster('default');
    const before = await nodesOf(cluster.name);
    const { stderr, exitCode } = await klab(['create', 'cluster', '--name', cluster.name, '--kubeconfig', kubeconfig]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`cluster "${cluster.name}" already has nodes`);
    expect(stderr).toContain(`klab delete cluster --name ${cluster.name}`);
    expect(await nodesOf(cluster.name)).toEqual(before);
  });

  test('a mount whose folder is missing', async () => {
    const { stderr, exitCode } = await create([
      '  extraMounts:',
      `  - hostPath: ${folder}/missing`,
      '    containerPath: /mounted',
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`hostPath ${folder}/missing does not exist`);
    await expectNothingLeft();
  });

  test("pods' addresses that this machine's network has", async ({ skip }) => {
    const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const cidr = outside.find(({ family, internal }) => family === 'IPv4' && !internal)?.cidr;
    skip(!cidr, 'this machine has no network');
    const manifest = join(folder, 'network.yaml');
    writeFileSync(manifest, 'kind: DaemonSet\napiVersion: apps/v1\nmetadata: {name: net, namespace: kube-system}\n');
    const { stderr, exitCode } = await klab(
      ['create', 'cluster', '--config', '-', '--cni', manifest, '--name', name, '--kubeconfig', kubeconfig],
      { input: `kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking:\n  podSubnet: ${cidr}\n` },
    );
    expect(stderr).toMatch(/overlaps with .*this machine\nHint: choose another range with networking\.podSubnet/);
    expect(exitCode).toBe(1);
    await expectNothingLeft();
  });

  test('a kubeconfig that cannot be read stays as it is', async () => {
    const corrupt = 'clusters: [oops\n';
    writeFileSync(kubeconfig, corrupt);
    try {
      const { stderr, exitCode } = await create();
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`${kubeconfig}:`);
      expect(readFileSync(kubeconfig, 'utf8')).toBe(corrupt);
      expect(await nodesOf(name)).toEqual([]);
    } finally {
      rmSync(kubeconfig);
    }
  });

  test.each([['unix:///nowhere.sock'], ['tcp://127.0.0.1:1']])('no engine at %s', async (DOCKER_HOST) => {
    const { stderr, exitCode } = await create([], { DOCKER_HOST });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`no Docker engine answers at ${DOCKER_HOST}`);
    expect(existsSync(kubeconfig)).toBe(false);
  });
});

test('deleting a cluster that is not there', async () => {
  const { stderr, exitCode } = await klab(['delete', 'cluster', '--name', `${name}-none`, '--kubeconfig', kubeconfig]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`there is no cluster "${name}-none"`);
});

describe('a host port that is in use', () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  test('is named, and nothing is left behind', async () => {
    const { stderr, exitCode } = await create([
      '  extraPortMappings:',
      `  - hostPort: ${port}`,
      '    containerPort: 80',
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`port 127.0.0.1:${port} of this machine is in use`);
    await expectNothingLeft();
  });
});

test('an interrupted create takes back what it made', async () => {
  const stop = new AbortController();
  const running = klab(['create', 'cluster', '--config', '-', '--name', name, '--kubeconfig', kubeconfig], {
    input: 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n',
    signal: stop.signal,
  });
  await eventually('a node', async () => ((await nodesOf(name)).length > 0 ? true : undefined), 120_000);
  stop.abort();
  const { exitCode } = await running;
  expect(exitCode).not.toBe(0);
  await expectNothingLeft();
});
