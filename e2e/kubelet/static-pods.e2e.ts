import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: Cluster;
let node = '';
let mirror = '';
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  mirror = `written-${node}`;
});
afterAll(() => cluster.onNode(node, ['rm', '-f', file]));

const file = '/etc/kubernetes/manifests/written.yaml';
const write = (word: string) =>
  cluster.onNode(
    node,
    ['sh', '-c', `mkdir -p /etc/kubernetes/manifests && cat > ${file}.tmp && mv ${file}.tmp ${file}`],
    {
      input: JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'written', namespace: 'default', labels: { word } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'main',
              image: 'docker.io/library/busybox:1.37',
              command: ['sh', '-c', 'echo $WORD; sleep 9999'],
              env: [{ name: 'WORD', value: word }],
            },
          ],
        },
      }),
    },
  );
interface Mirror {
  metadata: {
    uid: string;
    creationTimestamp: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
  };
  spec: { nodeName: string };
  status: { phase: string; containerStatuses?: { containerID?: string; ready: boolean; restartCount: number }[] };
}
const get = () => cluster.json<Mirror>(['get', 'pod', mirror]);
const running = (word: string) =>
  eventually(`the pod that says ${word}`, async () => {
    const pod = await get();
    const isNew = pod.metadata.labels.word === word && pod.status.containerStatuses?.[0]?.ready === true;
    return isNew && (await cluster.kubectl(['logs', mirror])) === word ? pod : undefined;
  });

describe('a file in the static pod folder', () => {
  test('added, edited, its mirror deleted, removed', async () => {
    await write('first');
    const first = await running('first');
    expect(first.metadata.annotations['kubernetes.io/config.source']).toBe('file');
    expect(first.metadata.annotations['kubernetes.io/config.mirror']).toBe(
      first.metadata.annotations['kubernetes.io/config.hash'],
    );

    await write('second');
    const second = await running('second');
    expect(second.metadata.uid).not.toBe(first.metadata.uid);

    await cluster.kubectl(['delete', 'pod', mirror, '--timeout=60s']);
    const again = await running('second');
    expect(again.metadata.uid).not.toBe(second.metadata.uid);
    expect(again.status.containerStatuses).toMatchObject([
      { containerID: second.status.containerStatuses?.[0]?.containerID, restartCount: 0 },
    ]);

    await cluster.onNode(node, ['rm', file]);
    await cluster.kubectl(['wait', '--for=delete', `pod/${mirror}`, '--timeout=60s']);
    await eventually(
      'no container',
      async () =>
        (await cluster.onNode(node, ['crictl', 'ps', '-q', '--label', 'io.kubernetes.pod.name=written'])) === '' ||
        undefined,
    );
  });

  test('rubbish is told in the log and harms nobody', async () => {
    await cluster.onNode(node, ['sh', '-c', `echo '{"kind": "Pod", "spec": [' > ${file}`]);
    await eventually('a line about it', async () =>
      (await cluster.onNode(node, ['journalctl', '-u', 'kubelet', '--no-pager', '-o', 'cat'])).match(
        /written\.yaml/,
      ) === null
        ? undefined
        : true,
    );
    await cluster.onNode(node, ['rm', file]);
    expect(await cluster.onNode(node, ['systemctl', 'is-active', 'kubelet'])).toBe('active');
  });
});
