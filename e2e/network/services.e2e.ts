import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const image = 'docker.io/library/busybox:1.37';
let cluster: Cluster;
let ns = '';
let remove: () => Promise<void>;
const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns, ...args]);
const pod = (name: string, nodeName: string, script: string, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns, labels: { app: name } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, command: ['sh', '-c', script], ...container }],
  },
});

beforeAll(async () => {
  cluster = await useCluster('default');
  ({ name: ns, remove } = await cluster.namespace('network'));
  await kubectl('create', 'deployment', 'web', `--image=${image}`, '--replicas=3', '--', 'sh', '-c', serve);
  await kubectl('expose', 'deployment', 'web', '--port=80', '--target-port=8080');
  await cluster.apply(pod('on-one', `${cluster.name}-worker`, 'sleep 9999'));
  await cluster.apply(pod('on-two', `${cluster.name}-worker2`, 'sleep 9999'));
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
  await kubectl('wait', '--for=condition=Ready', 'pod/on-one', 'pod/on-two', '--timeout=60s');
});
afterAll(() => remove?.());

/** Every server answers with its own name. */
const serve = 'mkdir /w && hostname > /w/index.html && exec httpd -f -p 8080 -h /w';
const addressOf = (node: string) =>
  cluster.kubectl(['get', 'node', node, '-o', 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}']);
const fetchFrom = (client: string, url: string) => kubectl('exec', client, '--', 'wget', '-qO-', '-T', '5', url);

describe('pods', () => {
  test('reach each other across nodes, and see who it was', async () => {
    const { items } = await cluster.json<{ items: { metadata: { name: string }; status: { podIP: string } }[] }>([
      '-n',
      ns,
      'get',
      'pods',
      '-l',
      'app=web',
    ]);
    expect(items).toHaveLength(3);
    for (const client of ['on-one', 'on-two']) {
      for (const { metadata, status } of items) {
        expect(await fetchFrom(client, `http://${status.podIP}:8080/`)).toBe(metadata.name);
      }
    }
  });
});

describe('services', () => {
  test.each(['on-one', 'on-two'])('%s finds a service by its names, and all pods behind it', async (client) => {
    for (const host of ['web', `web.${ns}`, `web.${ns}.svc.cluster.local`]) {
      expect(await fetchFrom(client, `http://${host}/`)).toMatch(/^web-/);
    }
    const seen = new Set<string>();
    await eventually('an answer of each of the three pods', async () => {
      seen.add(await fetchFrom(client, 'http://web/'));
      return seen.size === 3 || undefined;
    });
  });

  test('a node port answers on every node', async () => {
    await kubectl(
      'expose',
      'deployment',
      'web',
      '--name=outside',
      '--type=NodePort',
      '--port=80',
      '--target-port=8080',
    );
    const port = await kubectl('get', 'service', 'outside', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    for (const role of ['control-plane', 'worker', 'worker2']) {
      const url = `http://${await addressOf(`${cluster.name}-${role}`)}:${port}/`;
      const answer = await eventually(`an answer on ${role}`, () => fetchFrom('on-one', url));
      expect(answer).toMatch(/^web-/);
    }
  });

  test('a headless service answers with its pods’ addresses', async () => {
    await kubectl('expose', 'deployment', 'web', '--name=headless', '--cluster-ip=None', '--port=8080');
    const wanted = (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.podIP}')).split(
      ' ',
    );
    await eventually('three addresses', async () => {
      const text = await kubectl('exec', 'on-two', '--', 'nslookup', `headless.${ns}.svc.cluster.local`);
      return wanted.every((ip) => text.includes(`Address: ${ip}`)) || undefined;
    });
  });
});

test('a host port of a pod answers on its node', async () => {
  await cluster.apply(
    pod('ported', `${cluster.name}-worker`, serve, { ports: [{ containerPort: 8080, hostPort: 18080 }] }),
  );
  await kubectl('wait', '--for=condition=Ready', 'pod/ported', '--timeout=60s');
  expect(await fetchFrom('on-two', `http://${await addressOf(`${cluster.name}-worker`)}:18080/`)).toBe('ported');
});
