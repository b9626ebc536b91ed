import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { Cri, PodSandboxStats } from '../../cri/port.ts';
import type { PodCache } from '../parts.ts';
import { toApiTime } from '../times.ts';
import { parseCpuTopology, renderCadvisorMetrics } from './cadvisor-metrics.ts';
import { computeCadvisorRows } from './cadvisor-rows.ts';
import { cadvisorSources } from './cadvisor-sources.ts';
import { findContainerCgroups } from './cgroup-tree.ts';
import { folderUsage } from './folder-usage.ts';
import {
  bootTime,
  readCgroupUsage,
  readFileSystem,
  readInterfaces,
  readOwnCgroup,
  readProcesses,
  readSwap,
} from './node-usage.ts';
import { renderResourceMetrics } from './resource-metrics.ts';
import {
  type MeasuredCgroup,
  onlyCpuAndMemory,
  type RunningContainer,
  renderSummary,
  type Summary,
} from './summary.ts';
import { readSummaryDetails } from './summary-details.ts';
import { renderVolumeMetrics } from './volume-metrics.ts';
import { claimOf, type VolumeFacts, type VolumeUsage, volumeUsages } from './volume-usage.ts';

export { nodeStartupMeter, podStartMeter, terminationMeter } from './derived-metrics.ts';
export { operationType, podGauges } from './gauges.ts';
export { bootTime, readCgroupUsage, readFileSystem, readProcesses } from './node-usage.ts';
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
  readonly volumes: VolumeFacts;
  /** Path of a pod's cgroup below the mounts. */
  readonly cgroupOf: (pod: Pod) => string;
}

export interface Stats {
  summary(query: URLSearchParams): Promise<{ readonly text: string; readonly contentType: string }>;
  resourceMetrics(): Promise<{ readonly text: string; readonly contentType: string }>;
  /** kubelet_volume_stats_*, as part of the kubelet's own metrics. */
  volumeMetrics(): Promise<string>;
  cadvisorMetrics(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** What is looked at beyond CPU and memory: each takes time. */
interface Depth {
  readonly fileSystems: boolean;
  readonly pressure: boolean;
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
  systemCgroups: namedCgroups,
  volumes: volumeFacts,
  cgroupOf,
}: StatsOptions): Stats {
  const ownCgroup = readOwnCgroup();
  const systemCgroups = { ...(ownCgroup === undefined ? {} : { kubelet: ownCgroup }), ...namedCgroups };
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

  /** Where the cgroups of a pod that is known here, and of its running containers, are. */
  function cgroupsOf(uid: string) {
    const pod = podByUid(uid);
    if (pod === undefined) return undefined;
    const path = cgroupOf(pod);
    const ids = (cache.get(uid)?.containers ?? []).flatMap(({ id, state }) => (state === 'running' ? [id] : []));
    return { path, containers: findContainerCgroups(path, ids) };
  }

  const measure = (path: string): MeasuredCgroup => ({
    ...readCgroupUsage(path),
    details: readSummaryDetails(path, true),
  });

  /** Only what runs: a pod that has ended uses nothing. */
  const runs = ({ attributes }: PodSandboxStats): boolean =>
    cache.get(attributes?.metadata?.uid ?? '')?.sandboxes[0]?.ready ?? false;

  const measureVolumes = volumeUsages(rootDir, clock, undefined, volumeFacts);
  /** Apart, as asking for other pods makes it forget. */
  const measureClaims = volumeUsages(rootDir, clock, undefined, volumeFacts);

  async function runningContainers(
    uids: readonly string[],
    { fileSystems, pressure }: Depth,
  ): Promise<ReadonlyMap<string, RunningContainer>> {
    const running = uids.flatMap((uid) => {
      const cgroups = cgroupsOf(uid)?.containers;
      return (cache.get(uid)?.containers ?? []).flatMap((container) =>
        container.state === 'running' ? [{ ...container, cgroup: cgroups?.get(container.id) }] : [],
      );
    });
    return new Map(
      await Promise.all(
        running.map(async ({ id, startedAt, logPath, cgroup }) => {
          const logBytes = fileSystems && logPath !== '' ? (await folderUsage(dirname(logPath))).bytes : 0;
          const details = cgroup === undefined ? undefined : readSummaryDetails(cgroup, pressure);
          return [id, { startedAt, logBytes, details }] as const;
        }),
      ),
    );
  }

  async function collect(depth: Depth): Promise<Summary> {
    const { fileSystems, pressure } = depth;
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
      runningContainers(uids, depth),
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
      nodeUsage: measure('/'),
      nodeSwap: readSwap(),
      systemContainers: Object.fromEntries(Object.entries(systemCgroups).map(([name, path]) => [name, measure(path)])),
      podDetails: (uid) => {
        const pod = podByUid(uid);
        return pod && readSummaryDetails(cgroupOf(pod), pressure);
      },
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
      const summary = await collect({ fileSystems: !only, pressure: true });
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
      const summary = await collect({ fileSystems: true, pressure: false });
      const cgroups = new Map(summary.pods.map(({ podRef: { uid } }) => [uid, cgroupsOf(uid)]));
      const rows = computeCadvisorRows(summary, cadvisorSources({ cache, cgroups, identityOf }));
      const text = renderCadvisorMetrics({
        rows,
        machine: {
          ...parseCpuTopology(readFileSync('/proc/cpuinfo', 'utf8')),
          memoryBytes,
          swapBytes: readSwap().totalBytes,
          kernelVersion: release(),
        },
        now: clock.now(),
      });
      return { text, contentType: plainText };
    },
    async resourceMetrics() {
      return {
        text: renderResourceMetrics(await collect({ fileSystems: false, pressure: false })),
        contentType: plainText,
      };
    },
  };
}
