import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, image, prefix, useCluster } from '../harness/cluster.ts';
import { nodesOf } from '../harness/docker.ts';
import { eventually } from '../harness/eventually.ts';
import { klab, must, mustKlab } from '../harness/run.ts';

const setting = 'net.ipv4.conf.all.log_martians';
let cluster: Cluster;
let nodes: string[] = [];

beforeAll(async () => {
  cluster = await useCluster('cni');
  nodes = (await nodesOf(cluster.name)).sort();
});

const sysctl = (...args: string[]) => klab(['sysctl', ...args, '--name', cluster.name]);
const mustSysctl = (...args: string[]) => mustKlab(['sysctl', ...args, '--name', cluster.name]);
const valueOn = async (node: string, name = setting) => (await cluster.onNode(node, ['sysctl', '-n', name])).trim();

describe('refused, and every node is as it was', () => {
  test.each<[string, string[], RegExp]>([
    ['a typing error', ['net.ipv4.conf.all.log_martian=1'], /no kernel setting .*\n.*did you mean net\.ipv4\.conf\./],
    ["the host's", [`${setting}=1`, 'vm.swappiness=10'], /vm\.swappiness is the whole machine's/],
    [
      'a value that the kernel does not take',
      [`${setting}=1`, 'net.ipv4.ip_default_ttl=0'],
      /does not take net\.ipv4\.ip_default_ttl=0/,
    ],
    [
      'what a node may only read',
      [`${setting}=1`, 'net.netfilter.nf_conntrack_max=1000'],
      /does not take net\.netfilter\.nf_conntrack_max=1000\n.*not permitted/,
    ],
    ['no node of the cluster', [`${setting}=1`, '--node', 'nope'], /there is no node "nope"/],
  ])('%s', async (_name, args, message) => {
    const { exitCode, stderr } = await sysctl('set', ...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
    for (const node of nodes) expect(await valueOn(node)).toBe('0');
    expect(JSON.parse(await mustSysctl('get', '-o', 'json')).map(({ name }: { name: string }) => name)).not.toContain(
      setting,
    );
  });
});

test('on every node, with old and new, and over a restart of a node', async () => {
  expect(JSON.parse(await mustSysctl('set', `${setting}=1`, '-o', 'json'))).toEqual(
    nodes.map((node) => ({ node, name: setting, before: '0', after: '1' })),
  );
  for (const node of nodes) expect(await valueOn(node)).toBe('1');
  const restarted = nodes.at(-1) ?? '';
  await must('docker', ['restart', restarted]);
  await eventually('the node sets it when it boots', async () =>
    (await cluster.tryOnNode(restarted, ['sysctl', '-n', setting])).stdout.trim() === '1' ? true : undefined,
  );
  const shown = await mustSysctl('get', setting);
  expect(shown.trimEnd().split('\n')).toHaveLength(nodes.length + 1);
  expect(shown).toMatch(new RegExp(`^${restarted} +${setting} +1 +1$`, 'm'));
  await mustSysctl('set', `${setting}=0`);
});

test('on one node only', async () => {
  const [one = '', another = ''] = nodes;
  await mustSysctl('set', `${setting}=1`, '--node', one);
  expect([await valueOn(one), await valueOn(another)]).toEqual(['1', '0']);
  await mustSysctl('set', `${setting}=0`);
});

describe('from the configuration', () => {
  const range = 'net.ipv4.ip_local_port_range';
  const name = `${prefix}-sysctls`;
  const folder = mkdtempSync(join(tmpdir(), 'klab-sysctls-'));
  const own = ['--name', name, '--kubeconfig', join(folder, 'kubeconfig')];
  const [controlPlane, worker, later] = [`${name}-control-plane`, `${name}-worker`, `${name}-worker2`];
  const file = `kind: Cluster
apiVersion: klab.dev/v1alpha1
sysctls:
  ${setting}: 1
nodes:
  - role: control-plane
  - role: worker
    sysctls:
      ${range}: 20000 60999
`;
  const seen = async (node: string) => {
    const { stdout } = await klab(['exec', node, '--', 'sysctl', '-n', setting, range]);
    return stdout.trim().replaceAll('\t', ' ').split('\n');
  };
  let usual = '';

  beforeAll(async () => {
    usual = (await valueOn(nodes[0] ?? '', range)).replaceAll('\t', ' ');
    const chosen = image === undefined ? [] : ['--image', image];
    await mustKlab(['create', 'cluster', ...own, ...chosen, '--config', '-'], { input: file, timeoutMs: 230_000 });
  });
  afterAll(async () => {
    await klab(['delete', 'cluster', ...own]);
    rmSync(folder, { recursive: true });
  });

  test('one that the kernel does not have, or only shows: no cluster, and the name that was meant', async () => {
    const other = `${name}-not`;
    const args = ['create', 'cluster', '--name', other, '--kubeconfig', join(folder, 'none'), '--config', '-'];
    const chosen = image === undefined ? [] : ['--image', image];
    for (const [wrong, message] of [
      ['net.core.somaxcon', /has no kernel setting net\.core\.somaxcon\n.*did you mean net\.core\.somaxconn\?/],
      ['net.netfilter.nf_conntrack_max', /does not take net\.netfilter\.nf_conntrack_max=1000/],
    ] as const) {
      const input = `kind: Cluster\napiVersion: klab.dev/v1alpha1\nsysctls:\n  ${wrong}: 1000\n`;
      const { exitCode, stderr } = await klab([...args, ...chosen], { input, timeoutMs: 230_000 });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
      expect(await nodesOf(other)).toEqual([]);
    }
  });

  test("the cluster's on every node, a node's own on that one", async () => {
    expect(await seen(controlPlane)).toEqual(['1', usual]);
    expect(await seen(worker)).toEqual(['1', '20000 60999']);
  });

  test('and again when all of its containers were killed and start, as with an engine that restarts', async () => {
    await mustKlab(['sysctl', 'set', 'net.core.somaxconn=5000', '--name', name]);
    await must('docker', ['kill', controlPlane, worker]);
    await must('docker', ['start', worker, controlPlane]);
    await eventually('both set theirs when they boot', async () => {
      const both = [await seen(controlPlane), await seen(worker)];
      return JSON.stringify(both) ===
        JSON.stringify([
          ['1', usual],
          ['1', '20000 60999'],
        ])
        ? true
        : undefined;
    });
    for (const node of [controlPlane, worker])
      expect((await mustKlab(['exec', node, '--', 'sysctl', '-n', 'net.core.somaxconn'])).trim()).toBe('5000');
  });

  test("a node that comes later has the cluster's, and what was set since", async () => {
    await mustKlab(['create', 'node', '--name', name], { timeoutMs: 230_000 });
    expect(await seen(later)).toEqual(['1', usual]);
    expect((await mustKlab(['exec', later, '--', 'sysctl', '-n', 'net.core.somaxconn'])).trim()).toBe('5000');
  });
});
