import type { KubeApi } from '../../../src/api/port.ts';
import type { Pod } from '../../../src/api/types.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { waitUntil } from '../../../src/base/wait-until.ts';
import { sumMetric } from '../metrics-text.ts';
import { readMetrics, readUsage, runOnNode } from '../on-node.ts';
import { withPods } from '../pod-group.ts';
import { measureIdle } from './idle.ts';
import type { Scenario, Task } from './scenario.ts';

const pods = 110;
const patienceMs = 120_000;
const everyMs = 50;

/** 110 pods that just run; then the kubelet is restarted under them. */
export const full: Scenario = {
  about: `${pods} pods: what a kubelet needs to keep them, and to find them again`,
  run: (task) =>
    withPods(task.lab.api, task.node, async (group) => {
      await group.createMany(pods);
      await group.until('ready', pods);
      const { cpu, memory } = await measureIdle(task.node, task.idleSeconds);
      task.record('full.cpu', cpu);
      task.record('full.memory', memory);
      await measureRestart(task);
    }),
};

/** Each pod's containers and how often they were started: what no restart of the kubelet may change. */
async function listContainers(api: KubeApi, node: string): Promise<string> {
  const { items } = await api.list<Pod>('/api/v1/pods', { query: { fieldSelector: `spec.nodeName=${node}` } });
  const containers = items.flatMap(({ status }) =>
    (status?.containerStatuses ?? []).map(({ containerID, restartCount }) => `${containerID} ${restartCount}`),
  );
  return containers.toSorted().join('\n');
}

async function measureRestart({ lab: { api }, node, record }: Task): Promise<void> {
  const containersBefore = await listContainers(api, node);
  const running = sumMetric(await readMetrics(api, node), 'kubelet_running_pods');
  // Heartbeats are in whole seconds, so the restart must not share its second with the one before it.
  await systemClock.sleep(2000);
  const startedAt = systemClock.now();
  await runOnNode(node, 'systemctl restart kubelet');
  const since = async (what: string, look: () => Promise<true | string>): Promise<number> => {
    const patiently = () => look().catch((error: unknown) => String(error));
    const result = await waitUntil(patiently, { clock: systemClock, everyMs, timeoutMs: patienceMs });
    if (result.kind === 'timedOut') throw new Error(`${what} after a restart: ${result.lastSeen}`);
    return (systemClock.now() - startedAt) / 1000;
  };
  const [heartbeat, adopted] = await Promise.all([
    since('Ready', async () => {
      const { status } = await api.get<{ status: { conditions: Heartbeat[] } }>(`/api/v1/nodes/${node}`);
      const ready = status.conditions.find(({ type }) => type === 'Ready');
      const beat = Date.parse(ready?.lastHeartbeatTime ?? '') >= Math.floor(startedAt / 1000) * 1000;
      return (beat && ready?.status === 'True') || `Ready is ${ready?.status}, of ${ready?.lastHeartbeatTime}`;
    }),
    since('all pods', async () => {
      const now = sumMetric(await readMetrics(api, node), 'kubelet_running_pods');
      return now >= running || `${now} of ${running} run`;
    }),
  ]);
  record('restart.heartbeat', heartbeat);
  record('restart.adopted', adopted);
  record('restart.cpu', (await readUsage(node)).cpuSeconds);
  if ((await listContainers(api, node)) !== containersBefore) throw new Error(`${node}: containers were restarted`);
}

interface Heartbeat {
  readonly type: string;
  readonly status: string;
  readonly lastHeartbeatTime: string;
}
