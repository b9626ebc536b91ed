import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker2`;
  ({ name: ns, remove } = await cluster.namespace('killed'));
});
afterAll(() => remove?.());

const shell = (script: string) => cluster.onNode(node, ['sh', '-c', script]);

/** What must not change when a kubelet dies: containers as the runtime has them, and as the API server does. */
async function facts(): Promise<unknown> {
  const { containers } = JSON.parse(await shell('crictl ps -o json')) as {
    containers: { id: string; labels: Record<string, string> }[];
  };
  const { items } = await cluster.json<{
    items: {
      metadata: { uid: string };
      status: { containerStatuses: { containerID: string; restartCount: number; ready: boolean }[] };
    }[];
  }>(['-n', ns, 'get', 'pods', '--field-selector', `spec.nodeName=${node}`]);
  return {
    // Pods of earlier tests may still be ending beside these.
    runtime: containers
      .filter(({ labels }) => [ns, 'kube-system'].includes(labels['io.kubernetes.pod.namespace'] ?? ''))
      .map(({ id }) => id)
      .sort(),
    api: items
      .map(({ metadata, status }) => ({
        uid: metadata.uid,
        containers: status.containerStatuses.map(({ containerID, restartCount, ready }) => ({
          containerID,
          restartCount,
          ready,
        })),
      }))
      .sort((a, b) => a.uid.localeCompare(b.uid)),
  };
}

test('ten times killed, and no pod notices', async () => {
  await cluster.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'steady', namespace: ns },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'steady' } },
      template: {
        metadata: { labels: { app: 'steady' } },
        spec: {
          nodeName: node,
          terminationGracePeriodSeconds: 1,
          volumes: [{ name: 'scratch', emptyDir: {} }],
          containers: ['one', 'two'].map((name) => ({
            name,
            image: 'docker.io/library/busybox:1.37',
            command: ['sh', '-c', 'touch /scratch/$HOSTNAME; sleep 9999'],
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
            livenessProbe: { exec: { command: ['ls', '/scratch'] }, periodSeconds: 1, timeoutSeconds: 10 },
          })),
        },
      },
    },
  });
  await cluster.kubectl(['-n', ns, 'rollout', 'status', 'deployment/steady', '--timeout=120s']);
  const before = await facts();

  // On the node itself, and each a little later in its start than the one before.
  await shell(
    'for round in 1 2 3 4 5 6 7 8 9 10; do' +
      ' old=$(pgrep -o -x kubelet); kill -9 $old;' +
      ' until new=$(pgrep -o -x kubelet) && [ "$new" != "$old" ]; do sleep 0.1; done;' +
      ' sleep 0.$round; done',
  );
  await eventually('a healthy kubelet', () => shell('curl -sf http://127.0.0.1:10248/healthz'));
  await cluster.kubectl(['wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s']);
  // A pod that is made after all this runs, so the kubelet works and does not only live.
  await cluster.kubectl([
    '-n',
    ns,
    'run',
    'later',
    '--image=docker.io/library/busybox:1.37',
    `--overrides=${JSON.stringify({ spec: { nodeName: node, terminationGracePeriodSeconds: 1 } })}`,
    '--',
    'sleep',
    '9999',
  ]);
  await cluster.kubectl(['-n', ns, 'wait', '--for=condition=Ready', 'pod/later', '--timeout=60s']);
  await cluster.kubectl(['-n', ns, 'delete', 'pod', 'later', '--timeout=60s']);
  expect(await facts()).toEqual(before);
});

describe('under systemd’s watchdog', () => {
  const dropIn = '/etc/systemd/system/kubelet.service.d/90-watchdog.conf';
  const mainPid = () => shell('systemctl show kubelet -p MainPID --value');
  const apply = () => shell('systemctl daemon-reload && systemctl restart kubelet');
  afterAll(async () => {
    await shell(`rm -f ${dropIn}`);
    await apply();
    await cluster.kubectl(['wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s']);
  });

  test('a kubelet that is well stays, and one that hangs is started anew', async () => {
    await shell(`printf '[Service]\nWatchdogSec=4s\nTimeoutAbortSec=1s\n' > ${dropIn}`);
    await apply();
    const first = await mainPid();
    const heard = async () =>
      BigInt(await shell('systemctl show kubelet -p WatchdogTimestampMonotonic --value')) / 1_000_000n;
    const started = await heard();
    // Longer than the watchdog's patience, as systemd counts it.
    await eventually('signs of life', async () => ((await heard()) - started > 6n ? true : undefined));
    expect(await mainPid()).toBe(first);

    await shell(`kill -STOP ${first}`);
    const healthyPid = () =>
      shell('curl -sf http://127.0.0.1:10248/healthz > /dev/null && systemctl show kubelet -p MainPID --value');
    await eventually('another kubelet', async () => ((await healthyPid()) === first ? undefined : true));
    expect(await shell('journalctl -u kubelet --no-pager -n 200')).toContain('Watchdog timeout');
  });
});
