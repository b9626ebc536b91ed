import { cpus, release } from 'node:os';
import { dirname } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { Cri, PodSandboxStats } from '../../cri/port.ts';
import type { PodCache } from '../parts.ts';
import { toApiTime } from '../times.ts';
import { renderCadvisorMetrics } from './cadvisor-metrics.ts';
import { folderUsage } from './folder-usage.ts';
import { bootTime, readCgroupUsage, readFileSystem, readInterfaces, readProcesses } from './node-usage.ts';
import { renderResourceMetrics } from './resource-metrics.ts';
import { onlyCpuAndMemory, type RunningContainer, renderSummary, type Summary } from './summary.ts';
import { renderVolumeMetrics } from './volume-metrics.ts';
import { claimOf, type VolumeUsage, volumeUsages } from './volume-usage.ts';

export { operationType, podGauges } from './gauges.ts';
export { readCgroupUsage, readFileSystem, readProcesses } from './node-usage.ts';
export { type ContainerUsage, type PodUsage, podUsages } from './pod-usage.ts';

export interface StatsOptions {
  readonly cri: Pick<Cri, 'listPodSandboxStats' | 'imageFsInfo'>;
  readonly cache: PodCache;
  /** The pod as its source has it: tells which volume is whose claim. */
  readonly podByUid: (uid: string) => Pod | undefined;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly memoryBytes: number;
  readonly rootDir: string;
  /** Paths of the cgroups that the summary shows beside the pods: kubepods as `pods`, and what the flags name. */
  readonly systemCgroups: Readonly<Record<string, string>>;
}

export interface Stats {
  summary(query: URLSearchParams): Promise<{ readonly text: string; readonly contentType: string }>;
  resourceMetrics(): Promise<{ readonly text: string; readonly contentType: string }>;
  /** kubelet_volume_stats_*, as part of the kubelet's own metrics. */
  volumeMetrics(): Promise<string>;
  cadvisorMetrics(): Promise<{ readonly text: string; readonly contentType: string }>;
}

const plainText = 'text/plain; version=0.0.4; charset=utf-8';

/** Usage of the node, its pods and their containers, read when it is asked for. */
export function nodeStats({
  cri,
  cache,
  podByUid,
  clock,
  nodeName,
  memoryBytes,
  rootDir,
  systemCgroups,
}: StatsOptions): Stats {
  const before = new Map<string, { readonly used: number; readonly at: Instant }>();

  /** CPU in billionths since the last time this key was asked about; 0 the first time. */
  function rate(key: string, used: number): number {
    const now = clock.now();
    const last = before.get(key);
    before.set(key, { used, at: now });
    if (last === undefined || now <= last.at || used < last.used) return 0;
    return Math.round(((used - last.used) / (now - last.at)) * 1000);
  }

  function podStart(uid: string): string | undefined {
    const created = cache.get(uid)?.sandboxes[0]?.createdAt;
    return created === undefined ? undefined : toApiTime(created);
  }

  /** The newest instance of a container: the one that runs. */
  function identityOf(uid: string, name: string): { readonly id: string; readonly image: string } {
    const { id = '', image = '' } = cache.get(uid)?.containers.find((container) => container.name === name) ?? {};
    return { id, image };
  }

  /** Only what runs: a pod that has ended uses nothing. */
  const runs = ({ attributes }: PodSandboxStats): boolean =>
    cache.get(attributes?.metadata?.uid ?? '')?.sandboxes[0]?.ready ?? false;

  const measureVolumes = volumeUsages(rootDir, clock);
  /** Apart, as asking for other pods makes it forget. */
  const measureClaims = volumeUsages(rootDir, clock);

  async function runningContainers(
    uids: readonly string[],
    withLogs: boolean,
  ): Promise<ReadonlyMap<string, RunningContainer>> {
    const running = uids
      .flatMap((uid) => cache.get(uid)?.containers ?? [])
      .flatMap((container) => (container.state === 'running' ? [container] : []));
    return new Map(
      await Promise.all(
        running.map(async ({ id, startedAt, logPath }) => {
          const logBytes = withLogs && logPath !== '' ? (await folderUsage(dirname(logPath))).bytes : 0;
          return [id, { startedAt, logBytes }] as const;
        }),
      ),
    );
  }

  async function collect(fileSystems: boolean): Promise<Summary> {
    const [all, images, fileSystem, processes] = await Promise.all([
      cri.listPodSandboxStats(),
      cri.imageFsInfo().catch(() => ({ images: [], containers: [] })),
      readFileSystem(rootDir),
      readProcesses(),
    ]);
    const pods = all.filter(runs);
    const uids = pods.map(({ attributes }) => attributes?.metadata?.uid ?? '');
    const [volumes, containers] = await Promise.all([
      fileSystems ? measureVolumes(uids) : new Map<string, readonly VolumeUsage[]>(),
      runningContainers(uids, fileSystems),
    ]);
    const known = new Set(
      pods.flatMap(({ attributes, linux }) => [
        `pod ${attributes?.metadata?.uid}`,
        ...(linux?.containers ?? []).map((c) => c.attributes?.id ?? ''),
      ]),
    );
    for (const key of before.keys())
      if (!known.has(key) && key !== 'node' && !(key in systemCgroups)) before.delete(key);
    return renderSummary({
      nodeName,
      now: clock.now(),
      startTime: bootTime(),
      memoryCapacityBytes: memoryBytes,
      nodeUsage: readCgroupUsage('/'),
      systemContainers: Object.fromEntries(
        Object.entries(systemCgroups).map(([name, path]) => [name, readCgroupUsage(path)]),
      ),
      fileSystem,
      imageBytes: images.images.reduce((sum, { usedBytes }) => sum + Number(usedBytes?.value ?? 0n), 0),
      interfaces: readInterfaces(),
      processes,
      pods,
      rate,
      podStart,
      containers,
      volumes: (uid) =>
        (volumes.get(uid) ?? []).map((volume) => ({ ...volume, claim: claimOf(podByUid(uid), volume.name) })),
    });
  }

  return {
    async summary(query) {
      const only = query.get('only_cpu_and_memory') === 'true';
      const summary = await collect(!only);
      const shown = only ? onlyCpuAndMemory(summary) : summary;
      return { text: `${JSON.stringify(shown, null, 1)}\n`, contentType: 'application/json' };
    },
    async volumeMetrics() {
      const claiming = cache
        .all()
        .map(({ uid }) => uid)
        .filter((uid) => podByUid(uid)?.spec?.volumes?.some(({ name }) => claimOf(podByUid(uid), name) !== undefined));
      const measured = await measureClaims(claiming);
      const volumes = [...measured].flatMap(([uid, usages]) =>
        usages.flatMap((usage) => {
          const claim = claimOf(podByUid(uid), usage.name);
          return claim === undefined ? [] : [{ claim, usage }];
        }),
      );
      return renderVolumeMetrics(volumes);
    },
    async cadvisorMetrics() {
      const text = renderCadvisorMetrics({
        summary: await collect(true),
        machine: { cpuCores: cpus().length, memoryBytes, kernelVersion: release() },
        now: clock.now(),
        identityOf,
      });
      return { text, contentType: plainText };
    },
    async resourceMetrics() {
      return { text: renderResourceMetrics(await collect(false)), contentType: plainText };
    },
  };
}
