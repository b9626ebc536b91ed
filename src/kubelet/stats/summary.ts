import type { Instant } from '../../base/clock.ts';
import type { ContainerStats, PodSandboxStats } from '../../cri/port.ts';
import type { CgroupUsage, FileSystemUsage, InterfaceUsage } from './node-usage.ts';
import type { SummaryDetails } from './summary-details.ts';
import {
  availableOf,
  countersOf,
  cpuOf,
  fromNanos,
  fsOf,
  ioOf,
  memoryOf,
  psiOf,
  swapOf,
  time,
  value,
} from './summary-parts.ts';
import type { VolumeUsage } from './volume-usage.ts';

/** Everything that one summary is made from, read at about the same time. */
export interface SummaryInput {
  readonly nodeName: string;
  readonly now: Instant;
  readonly startTime: Date;
  readonly memoryCapacityBytes: number;
  readonly nodeUsage: MeasuredCgroup;
  readonly nodeSwap: { readonly totalBytes: number; readonly usedBytes: number };
  /** `pods`, `kubelet`, `runtime` → their cgroups' usage. */
  readonly systemContainers: Readonly<Record<string, MeasuredCgroup>>;
  readonly fileSystem: FileSystemUsage;
  readonly imageBytes: number;
  readonly interfaces: readonly InterfaceUsage[];
  readonly processes: { readonly max: number; readonly current: number };
  readonly pods: readonly PodSandboxStats[];
  /** Billionths of a CPU, from the reading before; by a key of the caller's. */
  readonly rate: (key: string, cpuNanoSeconds: number) => number;
  /** When each pod was started; undefined: not known. */
  readonly podStart: (uid: string) => string | undefined;
  /** What a pod's own cgroup tells; undefined: it is not known here. */
  readonly podDetails: (uid: string) => SummaryDetails | undefined;
  /** Running containers by ID; what is not here has ended and uses nothing. */
  readonly containers: ReadonlyMap<string, RunningContainer>;
  readonly volumes: (uid: string) => readonly (VolumeUsage & { readonly claim: ClaimRef | undefined })[];
}

export interface RunningContainer {
  readonly startedAt: Instant;
  /** All files of its log, rotated ones too. */
  readonly logBytes: number;
  /** Undefined: its cgroup was not found. */
  readonly details: SummaryDetails | undefined;
}

export interface MeasuredCgroup extends CgroupUsage {
  readonly details: SummaryDetails;
}

interface ClaimRef {
  readonly name: string;
  readonly namespace: string;
}

function containerSummary(
  stats: ContainerStats,
  { startedAt, logBytes, details }: RunningContainer,
  input: SummaryInput,
) {
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
      ...psiOf(details?.pressure.cpu),
    },
    memory: {
      time: fromNanos(stats.memory?.timestamp, now),
      ...availableOf(stats.memory?.availableBytes),
      usageBytes: value(stats.memory?.usageBytes),
      workingSetBytes: value(stats.memory?.workingSetBytes),
      rssBytes: value(stats.memory?.rssBytes),
      pageFaults: value(stats.memory?.pageFaults),
      majorPageFaults: value(stats.memory?.majorPageFaults),
      ...psiOf(details?.pressure.memory),
    },
    ...ioOf(details, now),
    rootfs: {
      ...fsOf(fileSystem, now, value(stats.writableLayer?.usedBytes)),
      inodesUsed: value(stats.writableLayer?.inodesUsed),
    },
    logs: fsOf(fileSystem, now, logBytes),
    swap: swapOf(details, now),
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
  const details = input.podDetails(uid);
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
      ...psiOf(details?.pressure.cpu),
    },
    memory: {
      time: fromNanos(linux?.memory?.timestamp, now),
      ...availableOf(linux?.memory?.availableBytes),
      usageBytes: value(linux?.memory?.usageBytes),
      workingSetBytes: value(linux?.memory?.workingSetBytes),
      rssBytes: value(linux?.memory?.rssBytes),
      pageFaults: value(linux?.memory?.pageFaults),
      majorPageFaults: value(linux?.memory?.majorPageFaults),
      ...psiOf(details?.pressure.memory),
    },
    ...ioOf(details, now),
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
    swap: swapOf(details, now),
  };
}

/** The body of /stats/summary. */
export function renderSummary(input: SummaryInput) {
  const { now, nodeUsage, nodeSwap, fileSystem } = input;
  const interfaces = input.interfaces.map(countersOf);
  // Upstream knows this one only as the node's own; the others are mostly pods'.
  const main = interfaces.find(({ name }) => name === 'eth0') ?? interfaces[0];
  return {
    node: {
      nodeName: input.nodeName,
      systemContainers: Object.entries(input.systemContainers).map(([name, usage]) => ({
        name,
        startTime: time(input.startTime.getTime()),
        cpu: cpuOf(name, usage, input),
        memory: memoryOf(usage, now, usage.details.memory.limitBytes),
        ...ioOf(usage.details, now),
        swap: swapOf(usage.details, now),
      })),
      startTime: time(input.startTime.getTime()),
      cpu: cpuOf('node', nodeUsage, input),
      memory: memoryOf(nodeUsage, now, input.memoryCapacityBytes),
      ...ioOf(nodeUsage.details, now),
      ...(main === undefined ? {} : { network: { time: time(now), ...main, interfaces } }),
      fs: fsOf(fileSystem, now),
      runtime: {
        imageFs: fsOf(fileSystem, now, input.imageBytes),
        containerFs: fsOf(fileSystem, now, input.imageBytes),
      },
      rlimit: { time: time(now), maxpid: input.processes.max, curproc: input.processes.current },
      swap: {
        time: time(now),
        swapAvailableBytes: nodeSwap.totalBytes - nodeSwap.usedBytes,
        swapUsageBytes: nodeSwap.usedBytes,
      },
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
