import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  ({ name: ns, remove } = await cluster.namespace('node'));
});
afterAll(() => remove?.());

const proxied = (path: string) => cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/${path}`]);

describe('the node’s object', () => {
  test('is ready, without pressure, with what a pod may have', async () => {
    const { status, spec } = await cluster.json<{
      spec: { podCIDR: string };
      status: {
        conditions: { type: string; status: string; reason: string }[];
        capacity: Record<string, string>;
        allocatable: Record<string, string>;
        addresses: { type: string; address: string }[];
        images: { names: string[] }[];
      };
    }>(['get', 'node', node]);
    expect(Object.fromEntries(status.conditions.map(({ type, status }) => [type, status]))).toMatchObject({
      Ready: 'True',
      MemoryPressure: 'False',
      DiskPressure: 'False',
      PIDPressure: 'False',
    });
    expect(spec.podCIDR).toMatch(/^10\.244\.\d+\.0\/24$/);
    expect(status.addresses).toContainEqual({ type: 'Hostname', address: node });
    for (const resource of ['cpu', 'memory', 'pods', 'ephemeral-storage']) {
      expect(status.capacity).toHaveProperty(resource);
      expect(status.allocatable).toHaveProperty(resource);
    }
    expect(status.images.flatMap(({ names }) => names)).toContain('docker.io/library/busybox:1.37');
  });

  test('has a lease that is renewed', async () => {
    const renewed = () =>
      cluster.kubectl(['-n', 'kube-node-lease', 'get', 'lease', node, '-o', 'jsonpath={.spec.renewTime}']);
    const before = await renewed();
    expect(before).not.toBe('');
    await eventually('a later time', async () => ((await renewed()) === before ? undefined : true), 40_000);
  });

  test('came by a request that was approved and issued', async () => {
    const { items } = await cluster.json<{
      items: { spec: { signerName: string; username: string }; status: { conditions: { type: string }[] } }[];
    }>(['get', 'csr']);
    const own = items.filter(({ spec }) => spec.signerName === 'kubernetes.io/kube-apiserver-client-kubelet');
    expect(own.length).toBeGreaterThanOrEqual(2);
    for (const { spec, status } of own) {
      expect(spec.username).toMatch(/^system:(bootstrap|node):/);
      expect(status.conditions.map(({ type }) => type)).toContain('Approved');
    }
  });
});

describe('the kubelet’s server', () => {
  test('metrics of its pods and of its own work', async () => {
    const metrics = await proxied('metrics');
    expect(metrics).toContain(`kubelet_node_name{node="${node}"} 1`);
    expect(metrics).toMatch(/^kubelet_running_pods [1-9]/m);
    expect(metrics).toMatch(/^kubelet_runtime_operations_total\{.*\} [1-9]/m);
  });

  test('the pods it runs', async () => {
    const { items } = JSON.parse(await proxied('pods')) as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name)).toContainEqual(expect.stringMatching(/^kube-proxy-/));
  });

  test('what they use', async () => {
    const summary = JSON.parse(await proxied('stats/summary')) as {
      node: { nodeName: string; cpu: object; memory: { workingSetBytes: number } };
      pods: { podRef: { name: string } }[];
    };
    expect(summary.node.nodeName).toBe(node);
    expect(summary.node.memory.workingSetBytes).toBeGreaterThan(0);
    expect(summary.pods.map(({ podRef }) => podRef.name)).toContainEqual(expect.stringMatching(/^kube-proxy-/));
    expect(await proxied('metrics/resource')).toMatch(/^node_cpu_usage_seconds_total /m);
  });

  test('asks who is there, and what they may do', async () => {
    const ask = (...more: string[]) =>
      cluster.onNode(node, [
        'curl',
        '-sko',
        '/dev/null',
        '-w',
        '%{http_code}',
        ...more,
        'https://localhost:10250/pods',
      ]);
    expect(await ask()).toBe('401');
    await cluster.kubectl(['-n', ns, 'create', 'serviceaccount', 'nobody']);
    const token = await cluster.kubectl(['-n', ns, 'create', 'token', 'nobody']);
    expect(await ask('-H', `Authorization: Bearer ${token}`)).toBe('403');
  });

  test('a user without rights on nodes/proxy and pods/exec is refused', async () => {
    await cluster.kubectl(['-n', ns, 'create', 'serviceaccount', 'guest']);
    const as = `--as=system:serviceaccount:${ns}:guest`;
    for (const args of [
      ['get', '--raw', `/api/v1/nodes/${node}/proxy/healthz`],
      ['-n', 'kube-system', 'exec', 'ds/kube-proxy', '--', 'true'],
    ]) {
      const { stderr, exitCode } = await cluster.tryKubectl([as, ...args]);
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(/forbidden/i);
    }
  });
});
