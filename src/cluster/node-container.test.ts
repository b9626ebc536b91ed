import { describe, expect, test } from 'vitest';
import { aCluster, aNode } from '../bootstrap/testing.ts';
import type { ClusterConfig, NodeConfig } from '../config/model.ts';
import { type NodeContainerInput, renderNodeContainer, wantedPorts } from './node-container.ts';

const render = (node: NodeConfig, changes: Partial<NodeContainerInput> = {}, cluster: Partial<ClusterConfig> = {}) =>
  renderNodeContainer({
    cluster: aCluster({ nodes: [node], ...cluster }),
    node,
    image: 'klab/node',
    ipv4Address: '172.18.0.2',
    ports: [],
    networkSubnet: '172.18.0.0/16',
    env: {},
    ...changes,
  });
const controlPlane = aNode('lab-control-plane', 'control-plane');
const worker = aNode('lab-worker', 'worker');

test('a node is a machine on klab’s network, known by its labels', () => {
  expect(render(worker)).toMatchObject({
    name: 'lab-worker',
    hostname: 'lab-worker',
    kind: 'machine',
    network: 'klab',
    ipv4Address: '172.18.0.2',
    labels: { 'io.x-k8s.klab.cluster': 'lab', 'io.x-k8s.klab.role': 'worker' },
  });
});

test('what has to outlive the container lies in a volume, what must not on tmpfs', () => {
  const targets = (type: string) =>
    (render(worker).mounts ?? []).filter((mount) => mount.type === type).map(({ target }) => target);
  expect(targets('tmpfs')).toEqual(['/tmp', '/run']);
  expect(targets('volume')).toEqual(['/var']);
  expect(targets('bind')).toEqual(['/lib/modules']);
});

test.each([
  ['None', 'private'],
  ['HostToContainer', 'rslave'],
  ['Bidirectional', 'rshared'],
] as const)('an extra mount’s propagation %s is %s', (propagation, expected) => {
  const mount = { hostPath: '/a', containerPath: '/b', readOnly: true, selinuxRelabel: false, propagation };
  expect(render(aNode('n', 'worker', { extraMounts: [mount] })).mounts?.at(-1)).toEqual({
    type: 'bind',
    source: '/a',
    target: '/b',
    readOnly: true,
    propagation: expected,
    selinuxRelabel: false,
  });
});

test('kubectl on a control plane finds its kubeconfig', () => {
  expect(render(controlPlane).env).toEqual({ KUBECONFIG: '/etc/kubernetes/admin.conf' });
  expect(render(worker).env).toEqual({});
});

test('a node’s own kernel parameters go before the cluster’s', () => {
  const node = aNode('n', 'worker', { sysctls: { 'net.ipv4.ip_forward': '0' } });
  const { env } = render(node, {}, { sysctls: { 'net.ipv4.ip_forward': '1', 'fs.inotify.max_user_watches': '9' } });
  expect(env).toEqual({ KLAB_SYSCTLS: 'net.ipv4.ip_forward=0\nfs.inotify.max_user_watches=9' });
});

test('limits and search domains', () => {
  const node = aNode('n', 'worker', { resources: { cpus: 1.5, memoryBytes: 2 ** 30 } });
  const networking = { ...aCluster().networking, dnsSearch: ['corp.example.com'] };
  expect(render(node, {}, { networking })).toMatchObject({
    nanoCpus: 1.5e9,
    memoryBytes: 2 ** 30,
    dnsSearch: ['corp.example.com'],
  });
  expect(render(worker)).not.toHaveProperty('dnsSearch');
});

describe('proxies', () => {
  test('none: nothing is said of them, whatever NO_PROXY says', () => {
    expect(render(worker, { env: { NO_PROXY: 'example.com' } }).env).toEqual({});
  });

  test('given in either case: passed on in both, the cluster’s own addresses left out', () => {
    const env = render(worker, { env: { https_proxy: 'http://proxy:3128', NO_PROXY: 'example.com' } }).env ?? {};
    expect(env.HTTPS_PROXY).toBe('http://proxy:3128');
    expect(env.https_proxy).toBe('http://proxy:3128');
    expect(env.NO_PROXY?.split(',')).toEqual([
      'example.com',
      '172.18.0.0/16',
      '10.244.0.0/16',
      '10.96.0.0/16',
      'lab-worker',
      '.svc',
      '.svc.cluster.local',
    ]);
    expect(env).not.toHaveProperty('HTTP_PROXY');
  });
});

describe('ports', () => {
  const mapping = { containerPort: 80, hostPort: -1, listenAddress: '127.0.0.1', protocol: 'UDP' } as const;

  test('a control plane publishes its API server where the config says', () => {
    const networking = { ...aCluster().networking, apiServerAddress: '10.0.0.9', apiServerPort: 7443 };
    expect(wantedPorts(aCluster({ networking }), controlPlane)).toEqual([
      { containerPort: 6443, protocol: 'tcp', hostAddress: '10.0.0.9', hostPort: 7443 },
    ]);
  });

  test('a worker only what its mappings name', () => {
    expect(wantedPorts(aCluster(), worker)).toEqual([]);
    expect(wantedPorts(aCluster(), aNode('n', 'worker', { extraPortMappings: [mapping] }))).toEqual([
      { containerPort: 80, protocol: 'udp', hostAddress: '127.0.0.1', hostPort: -1 },
    ]);
  });
});
