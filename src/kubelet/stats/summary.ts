import type { Instant } from '../../base/clock.ts';
import type { ContainerStats, PodSandboxStats } from '../../cri/port.ts';
import type { CgroupUsage, FileSystemUsage, InterfaceUsage } from './node-usage.ts';
import type { VolumeUsage } from './volume-usage.ts';

/** Everything that one summary is made from, read at about the same time. */
export interface SummaryInput {
  readonly nodeName: string;
  readonly now: Instant;
  readonly startTime: Date;
  readonly memoryCapacityBytes: number;
  readonly nodeUsage: CgroupUsage;
  /** `pods`, `kubelet`, `runtime` → their cgroups' usage. */
  readonly systemContainers: Readonly<Record<string, CgroupUsage>>;
  readonly fileSystem: FileSystemUsage;
  readonly imageBytes: number;
  readonly interfaces: readonly InterfaceUsage[];
  readonly processes: { readonly max: number; readonly current: number };
  readonly pods: readonly PodSandboxStats[];
  /** Billionths of a CPU, from the reading before; by a key of the caller's. */
  readonly rate: (key: string, cpuNanoSeconds: number) => number;
  /** When each pod was started; undefined: not known. */
  readonly podStart: (uid: string) => string | undefined;
  /** Running containers by ID; what is not here has ended and uses nothing. */
  readonly containers: ReadonlyMap<string, RunningContainer>;
  readonly volumes: (uid: string) => readonly (VolumeUsage & { readonly claim: ClaimRef | undefined })[];
}

export interface RunningContainer {
  readonly startedAt: Instant;
  /** All files of its log, rotated ones too. */
  readonly logBytes: number;
}

interface ClaimRef {
  readonly name: string;
  readonly namespace: string;
}

const time = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const fromNanos = (ns: bigint | undefined, fallback: Instant): string =>
  time(ns === undefined || ns === 0n ? fallback : Number(ns / 1_000_000n));
const value = (wrapped: { readonly value: bigint } | undefined): number => Number(wrapped?.value ?? 0n);

const cpuOf = (key: string, usage: CgroupUsage, { now, rate }: SummaryInput) => ({
  time: time(now),
  usageNanoCores: rate(key, usage.cpuNanoSeconds),
  usageCoreNanoSeconds: usage.cpuNanoSeconds,
});

const memoryOf = (usage: CgroupUsage, now: Instant, capacity?: number) => ({
  time: time(now),
  ...(capacity === undefined ? {} : { availableBytes: Math.max(0, capacity - usage.workingSetBytes) }),
  usageBytes: usage.memoryUsageBytes,
  workingSetBytes: usage.workingSetBytes,
  rssBytes: usage.rssBytes,
  pageFaults: usage.pageFaults,
  majorPageFaults: usage.majorPageFaults,
});

const fsOf = (fs: FileSystemUsage, now: Instant, usedBytes = fs.capacityBytes - fs.availableBytes) => ({
  time: time(now),
  availableBytes: fs.availableBytes,
  capacityBytes: fs.capacityBytes,
  usedBytes,
  inodesFree: fs.inodesFree,
  inodes: fs.inodes,
  inodesUsed: fs.inodes - fs.inodesFree,
});

const swap = (now: Instant) => ({ time: time(now), swapAvailableBytes: 0, swapUsageBytes: 0 });

function containerSummary(stats: ContainerStats, { startedAt, logBytes }: RunningContainer, input: SummaryInput) {
  const { now, fileSystem, rate } = input;
  const cpu = value(stats.cpu?.usageCoreNanoSeconds);
  return {
    name: stats.attributes?.metadata?.name ?? '',
    startTime: time(startedAt),
    cpu: {
      time: fromNanos(stats.cpu?.timestamp, now),
      usageNanoCores:
        stats.cpu?.usageNanoCores === undefined
          ? rate(stats.attributes?.id ?? '', cpu)
          : value(stats.cpu.usageNanoCores),
      usageCoreNanoSeconds: cpu,
    },
    memory: {
      time: fromNanos(stats.memory?.timestamp, now),
      usageBytes: value(stats.memory?.usageBytes),
      workingSetBytes: value(stats.memory?.workingSetBytes),
      rssBytes: value(stats.memory?.rssBytes),
      pageFaults: value(stats.memory?.pageFaults),
      majorPageFaults: value(stats.memory?.majorPageFaults),
    },
    rootfs: {
      ...fsOf(fileSystem, now, value(stats.writableLayer?.usedBytes)),
      inodesUsed: value(stats.writableLayer?.inodesUsed),
    },
    logs: fsOf(fileSystem, now, logBytes),
    swap: swap(now),
  };
}

function podSummary(stats: PodSandboxStats, input: SummaryInput) {
  const { now, fileSystem, rate, podStart } = input;
  const metadata = stats.attributes?.metadata;
  const linux = stats.linux;
  const uid = metadata?.uid ?? '';
  const cpu = value(linux?.cpu?.usageCoreNanoSeconds);
  const network = linux?.network?.defaultInterface;
  const counters = (i: NonNullable<typeof network>) => ({
    name: i.name,
    rxBytes: value(i.rxBytes),
    rxErrors: value(i.rxErrors),
    txBytes: value(i.txBytes),
    txErrors: value(i.txErrors),
  });
  const containers = (linux?.containers ?? []).flatMap((container) => {
    const running = input.containers.get(container.attributes?.id ?? '');
    return running === undefined ? [] : [containerSummary(container, running, input)];
  });
  const volumes = input.volumes(uid);
  // As upstream counts a pod's local storage: what it wrote, what it logged, and the volumes that live and end with it.
  const localBytes =
    containers.reduce((sum, { rootfs, logs }) => sum + rootfs.usedBytes + logs.usedBytes, 0) +
    volumes.filter(({ claim }) => claim === undefined).reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  return {
    podRef: { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '', uid },
    startTime: podStart(uid) ?? time(now),
    containers,
    cpu: {
      time: fromNanos(linux?.cpu?.timestamp, now),
      usageNanoCores:
        linux?.cpu?.usageNanoCores === undefined ? rate(`pod ${uid}`, cpu) : value(linux.cpu.usageNanoCores),
      usageCoreNanoSeconds: cpu,
    },
    memory: {
      time: fromNanos(linux?.memory?.timestamp, now),
      usageBytes: value(linux?.memory?.usageBytes),
      workingSetBytes: value(linux?.memory?.workingSetBytes),
      rssBytes: value(linux?.memory?.rssBytes),
      pageFaults: value(linux?.memory?.pageFaults),
      majorPageFaults: value(linux?.memory?.majorPageFaults),
    },
    ...(network === undefined
      ? {}
      : {
          network: {
            time: fromNanos(linux?.network?.timestamp, now),
            ...counters(network),
            interfaces: [
              network,
              ...(linux?.network?.interfaces ?? []).filter(({ name }) => name !== network.name),
            ].map(counters),
          },
        }),
    ...(volumes.length === 0
      ? {}
      : {
          volume: volumes.map((volume) => ({
            ...fsOf(volume.fileSystem, volume.measuredAt, volume.usedBytes),
            inodesUsed: volume.inodesUsed,
            name: volume.name,
            ...(volume.claim === undefined ? {} : { pvcRef: volume.claim }),
          })),
        }),
    'ephemeral-storage': fsOf(fileSystem, now, localBytes),
    process_stats: { process_count: value(linux?.process?.processCount) },
    swap: swap(now),
  };
}

/** The body of /stats/summary. */
export function renderSummary(input: SummaryInput) {
  const { now, nodeUsage, interfaces, fileSystem } = input;
  const [main] = interfaces;
  return {
    node: {
      nodeName: input.nodeName,
      systemContainers: Object.entries(input.systemContainers).map(([name, usage]) => ({
        name,
        startTime: time(input.startTime.getTime()),
        cpu: cpuOf(name, usage, input),
        memory: memoryOf(usage, now),
      })),
      startTime: time(input.startTime.getTime()),
      cpu: cpuOf('node', nodeUsage, input),
      memory: memoryOf(nodeUsage, now, input.memoryCapacityBytes),
      ...(main === undefined ? {} : { network: { time: time(now), ...main, interfaces } }),
      fs: fsOf(fileSystem, now),
      runtime: {
        imageFs: fsOf(fileSystem, now, input.imageBytes),
        containerFs: fsOf(fileSystem, now, input.imageBytes),
      },
      rlimit: { time: time(now), maxpid: input.processes.max, curproc: input.processes.current },
      swap: swap(now),
    },
    pods: input.pods.map((pod) => podSummary(pod, input)),
  };
}

export type Summary = ReturnType<typeof renderSummary>;

/** What is left of a summary with `?only_cpu_and_memory=true`. */
export const onlyCpuAndMemory = ({ node, pods }: Summary) => ({
  node: {
    nodeName: node.nodeName,
    systemContainers: node.systemContainers,
    startTime: node.startTime,
    cpu: node.cpu,
    memory: node.memory,
  },
  pods: pods.map(({ podRef, startTime, containers, cpu, memory }) => ({
    podRef,
    startTime,
    containers: containers.map((c) => ({ name: c.name, startTime: c.startTime, cpu: c.cpu, memory: c.memory })),
    cpu,
    memory,
  })),
});
