import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultNodeImage } from '../../src/image/index.ts';
import { type Cluster, image, useCluster } from '../harness/cluster.ts';
import { nodesOf } from '../harness/docker.ts';
import { eventually } from '../harness/eventually.ts';
import { klab, mustKlab } from '../harness/run.ts';
import { buildStandIn, removeStandIn, standInImages } from './stand-in/images.ts';
import { standInManifest } from './stand-in/manifest.ts';
import { otherShapes } from './stand-in/other-shapes.ts';
import { expectAllPairs } from './traffic.ts';

let cluster: Cluster;
let nodes: string[] = [];
let worker = '';

interface NodeJson {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podCIDR: string };
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
  };
}

beforeAll(async () => {
  cluster = await useCluster('cni');
  nodes = (await nodesOf(cluster.name)).sort();
  worker = nodes.at(-1) ?? '';
  await buildStandIn(image ?? defaultNodeImage);
  await mustKlab(['load', 'docker-image', ...standInImages, '--name', cluster.name], { timeoutMs: 300_000 });
});
afterAll(async () => {
  await removeStandIn();
  if (cluster === undefined) return;
  await cluster.tryKubectl(['delete', 'namespace', 'shapes', '--ignore-not-found', '--timeout=60s']);
  // Other tests of networks begin without one.
  await klab(['cni', 'remove', '--name', cluster.name], { timeoutMs: 120_000 });
});

const readyOf = async (node: string) => {
  const { status } = await cluster.json<NodeJson>(['get', 'node', node]);
  return status.conditions.find(({ type }) => type === 'Ready');
};
const becomes = (node: string, status: string, timeoutMs?: number) =>
  eventually(
    `${node} Ready=${status}`,
    async () => {
      const ready = await readyOf(node);
      return ready?.status === status ? ready : undefined;
    },
    timeoutMs,
  );
/** Second of the node's clock in which its configuration was written. */
const writtenAt = async (node: string) =>
  Number(await cluster.onNode(node, ['stat', '-c', '%Y', '/etc/cni/net.d/10-calico.conflist']));
const rollout = (kind: string, namespace = 'kube-system') =>
  cluster.kubectl(['-n', namespace, 'rollout', 'status', kind, '--timeout=120s'], { timeoutMs: 130_000 });

describe("Calico's shape, with plain kubectl apply", () => {
  test('nodes are Ready at most a second after their configuration is there', async () => {
    const { items } = await cluster.json<{ readonly items: readonly NodeJson[] }>(['get', 'nodes']);
    const known = items.map(({ metadata, spec, status: { addresses } }) => ({
      name: metadata.name,
      podRange: spec.podCIDR,
      address: addresses.find(({ type }) => type === 'InternalIP')?.address ?? '',
    }));
    await cluster.kubectl(['apply', '-f', '-'], { input: standInManifest(known) });
    for (const node of nodes) {
      const { lastTransitionTime } = await becomes(node, 'True');
      // Both are whole seconds: what takes less than one may end in the next but not in the one after.
      expect(Date.parse(lastTransitionTime) / 1000 - (await writtenAt(node))).toBeLessThanOrEqual(1);
    }
  });

  test('all of it runs, and what waited for a network', async () => {
    await rollout('daemonset/calico-node');
    await rollout('deployment/calico-kube-controllers');
    await rollout('deployment/coredns');
    await rollout('deployment/local-path-provisioner', 'local-path-storage');
  });

  test('all pairs of pods, DNS, a service and a host port', () => expectAllPairs(cluster, nodes));

  test('a node is NotReady when its configuration goes, and Ready when it is back', async () => {
    const file = '/etc/cni/net.d/10-calico.conflist';
    await cluster.onNode(worker, ['mv', file, '/tmp/kept']);
    await becomes(worker, 'False', 15_000);
    await cluster.onNode(worker, ['sh', '-c', `touch /tmp/kept && mv /tmp/kept ${file}`]);
    const { lastTransitionTime } = await becomes(worker, 'True', 15_000);
    expect(Date.parse(lastTransitionTime) / 1000 - (await writtenAt(worker))).toBeLessThanOrEqual(1);
  });
});

test('the token that the plugin has on the node follows the one that the kubelet gives the pod', async () => {
  const file = '/etc/cni/net.d/calico-kubeconfig';
  const tokenOn = async () => (await cluster.onNode(worker, ['sed', '-n', 's/^ *token: //p', file])).trim();
  expect((await cluster.onNode(worker, ['stat', '-c', '%a', file])).trim()).toBe('600');
  const before = await tokenOn();
  // A kubelet that starts has no tokens, so it asks for new ones.
  await cluster.onNode(worker, ['systemctl', 'restart', 'kubelet']);
  const after = await eventually('another token', async () => {
    const token = await tokenOn();
    return token === '' || token === before ? undefined : token;
  });
  const { sub } = JSON.parse(Buffer.from(after.split('.')[1] ?? '', 'base64url').toString());
  expect(sub).toBe('system:serviceaccount:kube-system:calico-node');
  // The plugin asks the API server about each pod.
  await cluster.kubectl(['create', 'namespace', 'shapes', '--save-config']);
  const overrides = JSON.stringify({ spec: { nodeName: worker } });
  const run = ['-n', 'shapes', 'run', 'added', '--image=docker.io/library/busybox:1.37', '--restart=Never'];
  await cluster.kubectl([...run, `--overrides=${overrides}`, '--', 'sleep', '9999']);
  await cluster.kubectl(['-n', 'shapes', 'wait', '--for=condition=Ready', 'pod/added', '--timeout=60s']);
});

describe('what the manifests of Cilium and flannel lean on', () => {
  beforeAll(async () => {
    await cluster.kubectl(['apply', '-f', '-'], { input: otherShapes(standInImages[1] ?? '', worker) });
    await cluster.kubectl(['-n', 'shapes', 'wait', '--for=condition=Ready', 'pod/agent', '--timeout=120s'], {
      timeoutMs: 130_000,
    });
  });
  const inPod = (...argv: string[]) => cluster.kubectl(['-n', 'shapes', 'exec', 'agent', '--', ...argv]);

  test('an init container enters the node’s namespaces', async () => {
    expect(await cluster.onNode(worker, ['cat', '/run/shapes/entered'])).toBe(worker);
  });
  test('a Bidirectional mount is on the node, and comes back to a container by HostToContainer', async () => {
    expect(await cluster.onNode(worker, ['cat', '/run/shapes/mounted/here'])).toBe('mounted');
    await cluster.onNode(worker, [
      'sh',
      '-c',
      'mkdir /run/shapes/later && mount -t tmpfs none /run/shapes/later && touch /run/shapes/later/seen',
    ]);
    expect(await inPod('cat', '/run/shapes/later/seen')).toBe('');
  });
  test('capabilities by name', async () => {
    const bits = BigInt(`0x${(await inPod('sed', '-n', 's/^CapEff:\\t//p', '/proc/self/status')).trim()}`);
    const has = (bit: number) => (bits >> BigInt(bit)) & 1n;
    expect({ netAdmin: has(12), sysAdmin: has(21), setuid: has(7) }).toEqual({
      netAdmin: 1n,
      sysAdmin: 1n,
      setuid: 0n,
    });
  });
  test('a projected volume, and an environment whose ConfigMap may be missing', async () => {
    expect(await inPod('cat', '/projected/config/mode')).toBe('vxlan');
    expect(await inPod('cat', '/projected/name')).toBe('agent');
    expect((await inPod('cat', '/projected/token')).split('.')).toHaveLength(3);
    expect(await inPod('sh', '-c', 'echo "$MODE/$MISSING/$NODE"')).toBe(`vxlan//${worker}`);
  });
  test('files and folders that are made on the node', async () => {
    expect(await cluster.onNode(worker, ['stat', '-c', '%F', '/run/shapes/xtables.lock', '/run/shapes/folder'])).toBe(
      'regular empty file\ndirectory',
    );
  });
  test('hooks: postStart before it is Ready, preStop before it ends', async () => {
    expect(await cluster.onNode(worker, ['cat', '/run/shapes/folder/started'])).toBe('started');
    await cluster.kubectl(['-n', 'shapes', 'delete', 'pod', 'agent', '--timeout=60s']);
    expect(await cluster.onNode(worker, ['cat', '/run/shapes/folder/stopping'])).toBe('stopping');
    await cluster.onNode(worker, ['sh', '-c', 'umount /run/shapes/later /run/shapes/mounted; rm -rf /run/shapes']);
  });
});
