import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CniStatus } from '../../src/cluster/cni/index.ts';
import { calicoShape } from '../../src/cluster/cni/testing/calico-shape.ts';
import { defaultNodeImage } from '../../src/image/index.ts';
import { type Cluster, image, prefix, useCluster } from '../harness/cluster.ts';
import { nodesOf } from '../harness/docker.ts';
import { eventually } from '../harness/eventually.ts';
import { klab, mustKlab } from '../harness/run.ts';
import { buildStandIn, removeStandIn, standInImages } from './stand-in/images.ts';
import { standInManifest } from './stand-in/manifest.ts';
import { expectAllPairs, type PodList } from './traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'klab-cni-'));
let cluster: Cluster;
let nodes: string[] = [];

beforeAll(async () => {
  cluster = await useCluster('cni');
  nodes = (await nodesOf(cluster.name)).sort();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  // Other tests of networks begin without one.
  if (cluster !== undefined) await klab(['cni', 'remove', '--name', cluster.name]);
});

const cni = (...args: string[]) => klab(['cni', ...args, '--name', cluster.name], { timeoutMs: 300_000 });
const mustCni = (...args: string[]) => mustKlab(['cni', ...args, '--name', cluster.name], { timeoutMs: 300_000 });
const status = async (): Promise<CniStatus> => JSON.parse(await mustCni('status', '-o', 'json'));

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly podCIDR: string };
    readonly status: { readonly addresses: readonly { readonly type: string; readonly address: string }[] };
  }[];
}
const podsOf = async (...args: string[]) => (await cluster.json<PodList>(['get', 'pods', ...args])).items;
const phases = async (namespace: string, app: string) =>
  (await podsOf('-n', namespace, '-l', app)).map(({ status: { phase } }) => phase);

/** Everything that a user would call the cluster's network. */
async function expectNoNetwork(): Promise<void> {
  const { nodes: each } = await eventually('every node NotReady', async () => {
    const seen = await status();
    return seen.nodes.every(({ ready }) => !ready) ? seen : undefined;
  });
  for (const { node, config, why } of each) {
    expect({ node, config, why }).toEqual({
      node,
      config: undefined,
      why: 'no network is installed: there is no configuration in /etc/cni/net.d',
    });
  }
}

test('without a network, nodes are NotReady for that reason and what needs one is Pending', async () => {
  await expectNoNetwork();
  expect(await phases('kube-system', 'k8s-app=kube-dns')).toEqual(['Pending', 'Pending']);
  expect(await phases('local-path-storage', 'app=local-path-provisioner')).toEqual(['Pending']);
});

describe('bad input leaves the cluster as it was', () => {
  const calico = join(folder, 'calico.yaml');
  writeFileSync(calico, calicoShape({ registry: 'quay.invalid/calico' }));
  const other = join(folder, 'other.yaml');
  writeFileSync(other, 'kind: Namespace\napiVersion: v1\nmetadata: {name: klab-cni-test}\n');

  test.each<[string, string[], RegExp]>([
    ['not Calico’s', ['calico', '--manifest', other], /not Calico's manifest: it has no DaemonSet calico-node/],
    ['not a network’s', [other], /not the manifest of a network/],
    [
      'another checksum',
      ['calico', '--manifest', calico, '--sha256', '0'.repeat(64)],
      /its sha256 is [0-9a-f]{64}, expected 0{64}/,
    ],
    [
      'an image that cannot be pulled',
      ['calico', '--manifest', calico],
      /node \S+ cannot pull quay\.invalid\/calico\/cni:v3\.33\.1: .*\n.*klab load docker-image quay\.invalid\/calico\/cni:v3\.33\.1 --name/,
    ],
  ])('%s', async (_name, args, message) => {
    const { exitCode, stderr } = await cni('apply', ...args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
    expect((await status()).networks).toEqual([]);
    expect(await podsOf('-n', 'kube-system', '-l', 'k8s-app=calico-node')).toEqual([]);
  });

  test('IPIP, of a kernel that has none', async ({ skip }) => {
    const module = ['unshare', '--net', 'ip', 'link', 'add', 'x', 'type', 'ipip', 'local', '192.0.2.1'];
    const { exitCode: has } = await cluster.tryOnNode(nodes[0] ?? '', module);
    skip(has === 0, "this machine's kernel has it");
    const { exitCode, stderr } = await cni('apply', 'calico', '--manifest', calico, '--encapsulation', 'ipip');
    expect(stderr).toMatch(/kernel has no IPIP \(module ipip\), so it cannot be used\nHint: .*`modprobe ipip`/);
    expect(exitCode).toBe(1);
    expect((await status()).networks).toEqual([]);
  });

  test('no network and no cache', async () => {
    const env = { KLAB_CALICO_URL: 'http://127.0.0.1:1/calico.yaml', KLAB_CACHE_DIR: folder };
    const { exitCode, stderr } = await klab(['cni', 'apply', 'calico', '--name', cluster.name], { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('--manifest FILE') });
  });

  test('there is nothing to remove', async () => {
    const { exitCode, stderr } = await cni('remove');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('no network to remove') });
  });
});

test('--dry-run shows the changes and makes none', async () => {
  const file = join(folder, 'shape.yaml');
  writeFileSync(file, calicoShape());
  const { exitCode, stdout, stderr } = await cni('apply', 'calico', '--manifest', file, '--dry-run');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('Would apply calico') });
  expect(stdout).toContain('+            - name: CALICO_IPV4POOL_CIDR\n+              value: 10.244.0.0/16\n');
  await expectNoNetwork();
});

describe('Calico', () => {
  const file = join(folder, 'stand-in.yaml');

  beforeAll(async () => {
    await buildStandIn(image ?? defaultNodeImage);
    const { items } = await cluster.json<NodeList>(['get', 'nodes']);
    const known = items.map(({ metadata, spec, status: { addresses } }) => ({
      name: metadata.name,
      podRange: spec.podCIDR,
      address: addresses.find(({ type }) => type === 'InternalIP')?.address ?? '',
    }));
    writeFileSync(file, standInManifest(known));
  });
  afterAll(removeStandIn);

  test('brings the nodes up, with its sysctls, and traffic flows', async () => {
    const stdout = await mustCni('apply', 'calico', '--manifest', file, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ network: 'calico', nodes, images: standInImages });
    const { networks, nodes: each } = await status();
    expect(networks).toEqual([{ name: 'calico', source: file, image: expect.stringContaining('calico/node') }]);
    expect(
      each.map(({ node, ready, config, missingBinaries }) => [node, ready, config?.file, missingBinaries]),
    ).toEqual(nodes.map((node) => [node, true, '10-calico.conflist', []]));
    for (const node of nodes) {
      expect((await cluster.onNode(node, ['sysctl', '-n', 'net.ipv4.conf.all.rp_filter'])).trim()).toBe('0');
    }
    await expectAddons();
    await expectAllPairs(cluster, nodes);
  });

  test('is not mixed with another', async () => {
    const { exitCode, stderr } = await cni('apply', 'default');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('has a network already: calico'),
    });
  });

  test('a second time changes nothing that matters', async () => {
    await mustCni('apply', 'calico', '--manifest', file);
    expect((await status()).nodes.every(({ ready }) => ready)).toBe(true);
  });

  test('and goes without a trace', async () => {
    await mustCni('remove');
    await expectNoNetwork();
    for (const node of nodes) {
      await expectNoTrace(node, /cali/, 'cali');
      expect(await cluster.onNode(node, ['ip', 'route', 'show', 'proto', '80'])).toBe('');
    }
    const left = await cluster.kubectl(['get', 'crd,clusterrole,daemonset,deployment', '-A', '-o', 'name']);
    expect(left).not.toMatch(/calico/);
  });
});

test('Calico from the start: --cni on create, from standard input', async () => {
  const name = `${prefix}-cni-first`;
  const first = ['--name', name, '--kubeconfig', join(folder, 'kubeconfig')];
  await buildStandIn(image ?? defaultNodeImage);
  try {
    const node = { name: `${name}-control-plane`, podRange: '10.244.0.0/24', address: '127.0.0.1' };
    await mustKlab(['create', 'cluster', ...first, '--cni', '-', ...(image === undefined ? [] : ['--image', image])], {
      input: standInManifest([node]),
      timeoutMs: 230_000,
    });
    const seen: CniStatus = JSON.parse(await mustKlab(['cni', 'status', '--name', name, '-o', 'json']));
    expect(seen.networks).toEqual([
      { name: 'calico', source: 'standard input', image: expect.stringContaining('calico/node') },
    ]);
    expect(seen.nodes).toMatchObject([{ ready: true, config: { file: '10-calico.conflist' } }]);
  } finally {
    await klab(['delete', 'cluster', ...first]);
    await removeStandIn();
  }
});

describe("klab's own network, later", () => {
  test('brings the nodes up, and traffic flows', async () => {
    await mustCni('apply', 'default');
    const { networks, nodes: each } = await status();
    expect(networks.map(({ name }) => name)).toEqual(['default']);
    expect(each.map(({ node, ready, config }) => [node, ready, config?.file])).toEqual(
      nodes.map((node) => [node, true, '10-klab.conflist']),
    );
    await expectAddons();
    await expectAllPairs(cluster, nodes);
  });

  test('and goes without a trace', async () => {
    await mustCni('remove');
    await expectNoNetwork();
    for (const node of nodes) await expectNoTrace(node, /^(veth[0-9a-f]{8})/m, 'KLAB-MASQUERADE');
  });
});

/** What waits for a network from the start. */
const expectAddons = () =>
  eventually('the add-ons run', async () => {
    const running = [
      ...(await phases('kube-system', 'k8s-app=kube-dns')),
      ...(await phases('local-path-storage', 'app=local-path-provisioner')),
    ];
    return running.length > 0 && running.every((phase) => phase === 'Running') ? true : undefined;
  });

async function expectNoTrace(node: string, interfaces: RegExp, chains: string): Promise<void> {
  expect(await cluster.onNode(node, ['ip', '-o', 'link', 'show'])).not.toMatch(interfaces);
  expect(await cluster.onNode(node, ['iptables-save'])).not.toContain(chains);
  expect((await cluster.onNode(node, ['ls', '/etc/cni/net.d'])).trim()).toBe('');
}
