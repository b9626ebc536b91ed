import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: Cluster;
let nodes: string[] = [];
beforeAll(async () => {
  cluster = await useCluster('noCni');
  nodes = ['control-plane', 'worker', 'worker2'].map((role) => `${cluster.name}-${role}`);
});

interface PodList {
  items: {
    metadata: { name: string; namespace: string; annotations?: Record<string, string> };
    spec: { nodeName?: string; hostNetwork?: boolean };
    status: { phase: string; podIP?: string; hostIP?: string; containerStatuses?: { ready: boolean }[] };
  }[];
}

describe('a cluster without a network', () => {
  test('has its three nodes and a context of its own', async () => {
    expect((await cluster.kubectl(['get', 'nodes', '-o', 'name'])).split('\n').sort()).toEqual(
      nodes.map((node) => `node/${node}`),
    );
    expect(await cluster.kubectl(['config', 'current-context'])).toBe(`klab-${cluster.name}`);
    expect(readFileSync(cluster.kubeconfig, 'utf8')).toContain(`name: klab-${cluster.name}`);
  });

  test('nodes -owide: NotReady, roles, addresses, system and runtime', async () => {
    const [header, ...rows] = (await cluster.kubectl(['get', 'nodes', '-owide'])).split('\n');
    expect(header?.split(/\s{2,}/)).toEqual(
      'NAME,STATUS,ROLES,AGE,VERSION,INTERNAL-IP,EXTERNAL-IP,OS-IMAGE,KERNEL-VERSION,CONTAINER-RUNTIME'.split(','),
    );
    const cells = rows.map((row) => row.trim().split(/\s{2,}/));
    expect(cells.map(([name, status, roles]) => [name, status, roles])).toEqual([
      [nodes[0], 'NotReady', 'control-plane'],
      [nodes[1], 'NotReady', '<none>'],
      [nodes[2], 'NotReady', '<none>'],
    ]);
    for (const [, , , , version, ip, external, os, kernel, runtime] of cells) {
      expect(version).toMatch(/^v\d+\.\d+\.\d+/);
      expect(ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(external).toBe('<none>');
      expect(os).toMatch(/Debian GNU\/Linux/);
      expect(kernel).toMatch(/^\d+\.\d+/);
      expect(runtime).toMatch(/^containerd:\/\/v?\d+\.\d+\.\d+/);
    }
  });

  test.each(['control-plane', 'worker', 'worker2'])('%s says why it is not ready', async (role) => {
    const ready = await cluster.json<{
      status: { conditions: { type: string; status: string; reason: string; message: string }[] };
    }>(['get', 'node', `${cluster.name}-${role}`]);
    expect(ready.status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: expect.stringMatching(/container runtime network not ready: .*cni plugin not initialized/),
    });
  });

  test('the control plane and kube-proxy run, the rest waits for a network', async () => {
    const pods = await eventually('eight pods as expected', async () => {
      const { items } = await cluster.json<PodList>(['get', 'pods', '-A']);
      const running = items.filter(({ status }) => status.phase === 'Running');
      return running.length >= 7 && running.every(({ status }) => status.containerStatuses?.every((c) => c.ready))
        ? items
        : undefined;
    });
    const [controlPlane] = nodes;
    for (const component of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      const pod = pods.find(({ metadata }) => metadata.name === `${component}-${controlPlane}`);
      expect(pod?.metadata.annotations).toHaveProperty(['kubernetes.io/config.mirror']);
      expect(pod?.spec).toMatchObject({ hostNetwork: true, nodeName: controlPlane });
      expect(pod?.status.podIP).toBe(pod?.status.hostIP);
    }
    const called = (prefix: string) => pods.filter(({ metadata }) => metadata.name.startsWith(prefix));
    expect(
      called('kube-proxy-')
        .map(({ spec }) => spec.nodeName)
        .sort(),
    ).toEqual(nodes);
    const pending = [...called('coredns-'), ...called('local-path-provisioner-')];
    expect(pending.map(({ status, spec }) => [status.phase, spec.nodeName])).toEqual(
      Array.from({ length: 3 }, () => ['Pending', undefined]),
    );
  });

  test.each(['control-plane', 'worker', 'worker2'])('%s names its CRI socket', async (role) => {
    expect(
      await cluster.kubectl([
        'get',
        'node',
        `${cluster.name}-${role}`,
        '-o',
        'jsonpath={.metadata.annotations.kubeadm\\.alpha\\.kubernetes\\.io/cri-socket}',
      ]),
    ).toBe('unix:///run/containerd/containerd.sock');
  });
});
