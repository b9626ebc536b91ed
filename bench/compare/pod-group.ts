import { watchObjects } from '../../src/api/informer.ts';
import type { KubeApi } from '../../src/api/port.ts';
import type { Pod } from '../../src/api/types.ts';
import { systemClock } from '../../src/base/clock.ts';
import { waitUntil } from '../../src/base/wait-until.ts';
import { type BenchPod, renderBenchPod } from './bench-pod.ts';
import { type Moment, Timeline } from './timeline.ts';

const patienceMs = 180_000;
let serial = 0;

/** Pods of one measurement: in a namespace of their own, watched from before the first is made, and gone at the end. */
export interface PodGroup {
  readonly timeline: Timeline;
  /** Makes a pod on the node; answers when the request was sent, in milliseconds since the epoch. */
  create(name: string, options?: Pick<BenchPod, 'command' | 'image'>): Promise<number>;
  /** Makes that many at once; answers when the first request was sent. */
  createMany(count: number): Promise<number>;
  /** Resolves when that many pods were seen so. */
  until(moment: Moment, count: number): Promise<void>;
  untilOne(moment: Moment, name: string): Promise<number>;
  /** Deletes every pod with one request; answers when that was sent. */
  deleteAll(): Promise<number>;
}

/** Runs `measure` with a new group of pods on `node`, and removes them after, however it ends. */
export async function withPods<T>(api: KubeApi, node: string, measure: (pods: PodGroup) => Promise<T>): Promise<T> {
  serial += 1;
  const namespace = `bench-${process.pid}-${serial}`;
  const path = `/api/v1/namespaces/${namespace}`;
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const stop = new AbortController();
  try {
    await until('the namespace is furnished', async () => {
      const accounts = await api.list(`${path}/serviceaccounts`);
      const roots = await api.list(`${path}/configmaps`);
      return (accounts.items.length > 0 && roots.items.length > 0) || 'no account or no root certificate yet';
    });
    const timeline = new Timeline();
    const watching = watch(api, `${path}/pods`, timeline, stop.signal);
    const group = podGroup(api, node, namespace, timeline);
    const result = await Promise.race([measure(group), watching.then(() => Promise.reject(new Error('watch ended')))]);
    await group.deleteAll();
    await until('the pods are gone', async () => {
      const { items } = await api.list(`${path}/pods`);
      return items.length === 0 || `${items.length} pods are left`;
    });
    return result;
  } finally {
    stop.abort();
    await api.delete(path);
  }
}

async function watch(api: KubeApi, path: string, timeline: Timeline, signal: AbortSignal): Promise<void> {
  try {
    for await (const change of watchObjects<Pod>({ api, path, clock: systemClock, signal })) {
      timeline.add(change, systemClock.now());
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function until(what: string, look: () => true | string | Promise<true | string>, everyMs = 100): Promise<void> {
  const result = await waitUntil(look, { clock: systemClock, everyMs, timeoutMs: patienceMs });
  if (result.kind === 'timedOut') throw new Error(`${what}: not within ${patienceMs / 1000} s; ${result.lastSeen}`);
}

function podGroup(api: KubeApi, node: string, namespace: string, timeline: Timeline): PodGroup {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const group: PodGroup = {
    timeline,
    async create(name, options = {}) {
      const sentAt = systemClock.now();
      await api.create(path, renderBenchPod({ namespace, name, node, ...options }));
      return sentAt;
    },
    async createMany(count) {
      const startedAt = systemClock.now();
      await Promise.all(Array.from({ length: count }, (_, i) => group.create(`pod-${i}`)));
      return startedAt;
    },
    until: (moment, count) =>
      until(`${count} pods ${moment}`, () => timeline.count(moment) >= count || `${timeline.count(moment)} are`, 5),
    async untilOne(moment, name) {
      await until(`pod ${name} ${moment}`, () => timeline.at(moment, name) !== undefined || 'it is not', 5);
      return timeline.at(moment, name) ?? Number.NaN;
    },
    async deleteAll() {
      const sentAt = systemClock.now();
      await api.delete(path, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' });
      return sentAt;
    },
  };
  return group;
}
