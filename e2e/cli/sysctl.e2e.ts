import { beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
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
