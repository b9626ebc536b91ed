import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  ({ name: ns, remove } = await cluster.namespace('watching'));
});
afterAll(() => remove?.());

const proxied = (path: string) => cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/${path}`]);

const busybox = (name: string, script: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns },
  spec: {
    nodeName: node,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'docker.io/library/busybox:1.37',
        imagePullPolicy: 'Never',
        command: ['sh', '-c', script],
      },
    ],
  },
});

test('what was decided for a pod, and why, can be read', async () => {
  await cluster.apply(busybox('failing', 'exit 3'));
  const records = await eventually('a restart in the journal', async () => {
    const lines = (await proxied(`debug/klab/journal?pod=${ns}/failing`)).split('\n').filter((line) => line !== '');
    const read = lines.map((line) => JSON.parse(line) as { at: string; kind: string; actions?: { because: string }[] });
    return read.some(({ kind }) => kind === 'pod.backOff') ? read : undefined;
  });
  expect(records.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['pod.decided', 'pod.sandboxCreated', 'pod.containerCreated', 'pod.containerStarted']),
  );
  const decided = records.filter(({ kind }) => kind === 'pod.decided');
  for (const { actions = [] } of decided) for (const { because } of actions) expect(because).not.toBe('');
  expect(records.map(({ at }) => at)).toEqual(records.map(({ at }) => at).sort());
});

test('a long log gets another file, and what comes is still shown', async () => {
  const line = 'x'.repeat(100);
  const script = `i=0; while [ $i -lt 150000 ]; do echo ${line}; i=$((i+1)); done; while true; do echo later; sleep 1; done`;
  await cluster.apply(busybox('talkative', script));
  const files = await eventually(
    'a rotated log',
    async () => {
      const { stdout } = await cluster.tryOnNode(node, ['sh', '-c', `ls /var/log/pods/${ns}_talkative_*/main`]);
      const names = stdout.split('\n').filter((name) => name !== '');
      return names.length > 1 ? names : undefined;
    },
    60_000,
  );
  expect(files).toContainEqual(expect.stringMatching(/^0\.log\.\d{8}-\d{6}$/));
  const shown = await eventually('the new file’s lines', async () => {
    const text = await cluster.kubectl(['-n', ns, 'logs', 'talkative', '--tail=2']);
    return text === '' ? undefined : text;
  });
  expect(shown).toMatch(/later|x{100}/);
});
