import type { Instant } from '../../base/clock.ts';
import { cgroupFamilies } from './cadvisor-families.ts';
import type { CgroupDetails } from './cgroup-details.ts';
import type { InterfaceUsage } from './node-usage.ts';
import type { ProcessCounts } from './process-counts.ts';
import { renderFamily } from './prometheus-text.ts';

/** What this machine is. */
export interface Machine {
  readonly cpuCores: number;
  readonly physicalCores: number;
  readonly sockets: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly kernelVersion: string;
}

/** One cgroup's figures: the node's, a pod's or a container's. */
export interface CadvisorRow {
  readonly labels: CadvisorLabels;
  readonly at: Instant;
  readonly startedAt: Instant;
  readonly cpuNanoSeconds: number;
  readonly memory: {
    readonly usageBytes: number;
    readonly workingSetBytes: number;
    readonly rssBytes: number;
    readonly pageFaults: number;
    readonly majorPageFaults: number;
  };
  /** Undefined: its cgroup was not found. */
  readonly details: CgroupDetails | undefined;
  readonly counts: ProcessCounts | undefined;
  /** Of the network that is this row's own: a pod's, or the node's. */
  readonly interfaces: readonly InterfaceUsage[];
  /** What a container wrote, and where. */
  readonly fileSystem:
    | {
        readonly usedBytes: number;
        readonly capacityBytes: number;
        readonly inodes: number;
        readonly inodesFree: number;
      }
    | undefined;
}

/** Upstream's labels. A pod's own row has an empty `container`, `image` and `name`; the node's has only an `id`. */
export interface CadvisorLabels {
  readonly container: string;
  /** The cgroup's path. */
  readonly id: string;
  readonly image: string;
  /** The container's ID. */
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
}

export interface CadvisorInput {
  readonly rows: readonly CadvisorRow[];
  readonly machine: Machine;
  readonly now: Instant;
}

/** The body of /metrics/cadvisor, under the names that dashboards ask for. */
export function renderCadvisorMetrics({ rows, machine, now }: CadvisorInput): string {
  const one = (name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): string =>
    renderFamily(name, help, 'gauge', [{ labels, value, at: now }]);
  return [
    one('cadvisor_version_info', 'The system that the figures come from', 1, { kernelVersion: machine.kernelVersion }),
    ...cgroupFamilies.map(({ name, help, type, read }) =>
      renderFamily(
        name,
        help,
        type,
        rows.flatMap((row) =>
          read(row).map(({ value, labels }) => ({ labels: { ...row.labels, ...labels }, value, at: row.at })),
        ),
      ),
    ),
    one('machine_cpu_cores', 'CPUs of this machine', machine.cpuCores),
    one('machine_cpu_physical_cores', 'Cores of this machine', machine.physicalCores),
    one('machine_cpu_sockets', 'Sockets of this machine', machine.sockets),
    one('machine_memory_bytes', 'Memory of this machine', machine.memoryBytes),
    one('machine_swap_bytes', 'Swap space of this machine', machine.swapBytes),
    one('container_scrape_error', '1 if there was an error while getting container metrics', 0),
  ].join('');
}

/** Cores and sockets by /proc/cpuinfo; a machine that does not tell has one socket, and as many cores as CPUs. */
export function parseCpuTopology(cpuinfo: string): Pick<Machine, 'cpuCores' | 'physicalCores' | 'sockets'> {
  const cpus = cpuinfo.split(/\n\s*\n/).filter((block) => /^processor\s*:/m.test(block));
  const field = (block: string, name: string): string | undefined =>
    new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(block)?.[1];
  const sockets = new Set(cpus.map((block) => field(block, 'physical id') ?? '0'));
  const cores = new Set(
    cpus.map((block, index) => `${field(block, 'physical id') ?? '0'}/${field(block, 'core id') ?? `cpu${index}`}`),
  );
  return { cpuCores: cpus.length, physicalCores: cores.size, sockets: sockets.size };
}
