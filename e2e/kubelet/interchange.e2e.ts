import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { systemClock } from '../../src/base/clock.ts';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { endedPod, renderInterchangePods, renderStaticPod } from './interchange-pods.ts';

const podCount = 30;
const manifest = '/etc/kubernetes/manifests/unordered.json';
/** In this time a kubelet has synced every pod it found, and killed what it took for another's. */
const settleMs = 12_000;

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;

const shell = (script: string) => cluster.onNode(node, ['sh', '-c', script]);
const inPod = (pod: string, script: string) => cluster.kubectl(['-n', ns, 'exec', pod, '--', 'sh', '-c', script]);

async function listPods(): Promise<readonly Pod[]> {
  const { items } = await cluster.json<{ items: Pod[] }>(['-n', ns, 'get', 'pods']);
  return items.toSorted((a, b) => (a.metadata?.name ?? '').localeCompare(b.metadata?.name ?? ''));
}

/** What must be the same before and after: to the API server and to the runtime. */
async function facts(): Promise<unknown> {
  const { containers } = JSON.parse(await shell('crictl ps -a -o json')) as {
    containers: { id: string; state: string; labels: Record<string, string> }[];
  };
  const { items: sandboxes } = JSON.parse(await shell('crictl pods -o json')) as {
    items: { id: string; state: string; labels: Record<string, string> }[];
  };
  const mine = (all: readonly { id: string; state: string; labels: Record<string, string> }[]) =>
    all
      .filter(({ labels }) => labels['io.kubernetes.pod.namespace'] === ns)
      .map(({ id, state }) => `${id} ${state}`)
      .toSorted();
  return {
    containers: mine(containers),
    sandboxes: mine(sandboxes),
    pods: (await listPods()).map(({ metadata, status }) => ({
      ...(metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined ? timesOf(status) : {}),
      name: metadata?.name,
      uid: metadata?.uid,
      phase: status?.phase,
      // Upstream's forgets the address of a pod that has ended when it starts anew.
      ip: status?.phase === 'Running' ? status.podIP : undefined,
      conditions: (status?.conditions ?? []).map(({ type, status }) => `${type} ${status}`).toSorted(),
      containers: [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
        ({ name, containerID, restartCount, ready, started }) => ({ name, containerID, restartCount, ready, started }),
      ),
    })),
  };
}

/** Upstream's takes no times from the mirror of a static pod that runs, and begins to count anew. */
const timesOf = (status: Pod['status']): object => ({
  started: status?.startTime,
  changed: (status?.conditions ?? []).map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime}`).toSorted(),
});

async function switchTo(implementation: 'klab' | 'upstream'): Promise<void> {
  const switchedAt = Math.floor(systemClock.now() / 1000) * 1000;
  await shell(
    `systemctl stop kubelet; echo ${implementation} > /etc/klab/kubelet-implementation; systemctl start kubelet`,
  );
  await eventually(`${implementation}'s kubelet is healthy`, () => shell('curl -sf http://127.0.0.1:10248/healthz'));
  const program = await shell('readlink /proc/$(pgrep -o -x kubelet)/exe');
  expect(program.endsWith(implementation === 'klab' ? '/node' : '/upstream/kubelet'), program).toBe(true);
  await eventually('the node is Ready again', async () => {
    const { status } = await cluster.json<{
      status: { conditions: { type: string; status: string; lastHeartbeatTime: string }[] };
    }>(['get', 'node', node]);
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= switchedAt ? true : undefined;
  });
  await systemClock.sleep(settleMs);
}

beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker2`;
  ({ name: ns, remove } = await cluster.namespace('interchange'));
  await cluster.apply({ apiVersion: 'v1', kind: 'List', items: renderInterchangePods(ns, node, podCount) });
  await cluster.onNode(node, ['sh', '-c', `cat > ${manifest}`], { input: JSON.stringify(renderStaticPod(ns)) });
  await eventually(
    'every pod is as it should be',
    async () => {
      const pods = await listPods();
      const settled = pods.filter(
        ({ status }) =>
          status?.phase === 'Succeeded' ||
          status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true,
      );
      return settled.length === podCount + 1 ? true : undefined;
    },
    180_000,
  );
  // Containers younger than ten seconds are not believed to be ready by a kubelet that starts.
  await systemClock.sleep(settleMs);
});

afterAll(async () => {
  await shell(`rm -f ${manifest}`);
  await switchTo('klab');
  await remove();
});

describe.each([
  ['upstream', 'klab'],
  ['klab', 'upstream'],
] as const)('%s takes over from %s', (to, from) => {
  let before: unknown;

  beforeAll(async () => {
    expect((await shell('cat /etc/klab/kubelet-implementation')).trim()).toBe(from);
    before = await facts();
    await switchTo(to);
  });

  test('no container is restarted, no pod lost, no status told anew', async () => {
    expect(await facts()).toEqual(before);
  });

  test('logs, exec and volumes are those of before', async () => {
    expect(await cluster.kubectl(['-n', ns, 'logs', 'plain-0'])).toBe('started');
    expect(await cluster.kubectl(['-n', ns, 'logs', endedPod])).toBe('started');
    expect(await inPod('emptydir-0', 'cat /disk/file /memory/file')).toBe('kept\nkept');
    expect(await inPod('payloads-0', 'cat /secret/word; echo; cat /labels/labels')).toBe('sesame\nkind="payloads"');
  });

  test('what changes in a ConfigMap reaches the pod that the other kubelet made', async () => {
    const colour = `of-${to}-${systemClock.now()}`;
    await cluster.kubectl(['-n', ns, 'patch', 'configmap', 'settings', '-p', JSON.stringify({ data: { colour } })]);
    await eventually(
      'the new colour',
      async () => ((await inPod('payloads-0', 'cat /config/colour')) === colour ? true : undefined),
      150_000,
    );
  });

  test('a container that dies is started again, and counted', async () => {
    const count = async (): Promise<number> => {
      const pod = await cluster.json<Pod>(['-n', ns, 'get', 'pod', 'several-1']);
      return pod.status?.containerStatuses?.find(({ name }) => name === 'two')?.restartCount ?? -1;
    };
    const countBefore = await count();
    await shell(`crictl stop -t 0 $(crictl ps -q --name two --label io.kubernetes.pod.name=several-1)`);
    await eventually('one restart more', async () => ((await count()) === countBefore + 1 ? true : undefined), 120_000);
  });

  test('it ends a pod that the other made, and leaves nothing of it; and it makes a new one', async () => {
    const uid = (
      await cluster.kubectl(['-n', ns, 'get', 'pod', 'emptydir-1', '-o', 'jsonpath={.metadata.uid}'])
    ).trim();
    await cluster.kubectl(['-n', ns, 'delete', 'pod', 'emptydir-1', '--timeout=60s']);
    await eventually('nothing is left', async () => {
      const left = await shell(
        `grep ${uid} /proc/self/mountinfo; ls -d /var/lib/kubelet/pods/${uid} 2>/dev/null;` +
          ` find /sys/fs/cgroup -name '*${uid}*' 2>/dev/null; crictl pods -q --label io.kubernetes.pod.uid=${uid}; true`,
      );
      if (left !== '') throw new Error(left);
      return true;
    });
    const again = renderInterchangePods(ns, node, podCount).filter(
      (object) => (object as Pod).metadata?.name === 'emptydir-1',
    );
    await cluster.apply({ apiVersion: 'v1', kind: 'List', items: again });
    await cluster.kubectl(['-n', ns, 'wait', '--for=condition=Ready', 'pod/emptydir-1', '--timeout=60s']);
  });
});
