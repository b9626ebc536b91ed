import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { nodesOf } from '../harness/docker.ts';
import { klab, mustKlab } from '../harness/run.ts';

const setting = 'net.ipv4.conf.all.log_martians';
let cluster: Cluster;
let before: string[] = [];
let added = '';

beforeAll(async () => {
  cluster = await useCluster('default');
  before = await nodesOf(cluster.name);
});
afterAll(async () => {
  const left = (await nodesOf(cluster.name)).filter((node) => !before.includes(node));
  if (left.length > 0) await klab(['delete', 'node', ...left]);
  await klab(['sysctl', 'set', `${setting}=0`, '--name', cluster.name]);
});

test('a node that comes later is like the others, and is used', async () => {
  await mustKlab(['sysctl', 'set', `${setting}=1`, '--name', cluster.name]);
  const answer = await mustKlab(['create', 'node', '--name', cluster.name, '-o', 'json']);
  const { nodes } = JSON.parse(answer) as { nodes: string[] };
  expect(nodes).toHaveLength(1);
  added = nodes[0] ?? '';
  expect(before).not.toContain(added);
  expect((await cluster.onNode(added, ['sysctl', '-n', setting])).trim()).toBe('1');

  const { name: ns, remove } = await cluster.namespace('later');
  try {
    const script = 'nslookup kubernetes.default.svc.cluster.local && echo resolved';
    const image = 'docker.io/library/busybox:1.37';
    const overrides = JSON.stringify({ spec: { nodeName: added } });
    const run = ['-n', ns, 'run', 'asks', `--image=${image}`, '--image-pull-policy=Never', '--restart=Never'];
    await cluster.kubectl([...run, `--overrides=${overrides}`, '--', 'sh', '-c', script]);
    await cluster.kubectl(['-n', ns, 'wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/asks', '--timeout=60s']);
    expect(await cluster.kubectl(['-n', ns, 'logs', 'asks'])).toContain('resolved');
  } finally {
    await remove();
  }
});

test('upstream’s kubeadm brings it in as well: reset by hand, then `kubeadm join`', async () => {
  await cluster.onNode(added, ['kubeadm', 'reset', '--force']);
  await cluster.kubectl(['delete', 'node', added]);
  const printed = ['kubeadm', 'token', 'create', '--ttl=10m', '--print-join-command'];
  const join = (await cluster.onNode(`${cluster.name}-control-plane`, printed)).trim();
  // Upstream's check of the system refuses cgroup v1 whatever the kubelet is configured to do.
  await cluster.onNode(added, ['sh', '-c', `${join} --ignore-preflight-errors=SystemVerification`]);
  await cluster.kubectl(['wait', '--for=create', `node/${added}`, '--timeout=60s']);
  await cluster.kubectl(['wait', '--for=condition=Ready', `node/${added}`, '--timeout=60s']);
  const requests = await cluster.kubectl(['get', 'csr', '-o', 'jsonpath={.items[*].spec.username}']);
  expect(requests).toContain(`system:bootstrap:${/--token (\w+)\./.exec(join)?.[1]}`);
});

test('and goes again, container and Node', async () => {
  await mustKlab(['delete', 'node', added]);
  expect(await nodesOf(cluster.name)).not.toContain(added);
  expect((await cluster.tryKubectl(['get', 'node', added])).stderr).toContain('NotFound');
});

test.each<[string, string[], RegExp]>([
  ['a cluster that is not there', ['create', 'node', '--name', 'no-such'], /there is no cluster "no-such"/],
  ['a node that is not there', ['delete', 'node', 'no-such'], /there is no node "no-such"/],
])('refused: %s', async (_name, args, message) => {
  expect(await klab(args)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(message) });
});

test('the control plane is not deleted, nor what was named with it', async () => {
  const worker = before.find((node) => node.endsWith('-worker')) ?? '';
  const { exitCode, stderr } = await klab(['delete', 'node', worker, `${cluster.name}-control-plane`]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('control plane') });
  expect((await nodesOf(cluster.name)).sort()).toEqual([...before].sort());
});
