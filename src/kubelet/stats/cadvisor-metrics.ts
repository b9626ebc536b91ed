import type { Instant } from '../../base/clock.ts';
import { renderFamily, type Sample } from './prometheus-text.ts';
import type { Summary } from './summary.ts';

export interface Machine {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly kernelVersion: string;
}

export interface CadvisorInput {
  readonly summary: Summary;
  readonly machine: Machine;
  readonly now: Instant;
  /** What the runtime calls a pod's container: its ID and its image. */
  readonly identityOf: (podUid: string, container: string) => { readonly id: string; readonly image: string };
}

type Row = Summary['pods'][number] | Summary['pods'][number]['containers'][number];

/** A pod as a whole, or one of its containers, with the labels that tell which. */
interface Labelled<T extends Row> {
  readonly row: T;
  readonly labels: Readonly<Record<string, string>>;
}

const seconds = (nanoSeconds: number): number => nanoSeconds / 1e9;

/**
 * The body of /metrics/cadvisor, under the names that dashboards ask for: what the runtime tells of pods and
 * containers. A pod's own row has an empty `container` and `image`, as upstream's has.
 */
export function renderCadvisorMetrics({ summary, machine, now, identityOf }: CadvisorInput): string {
  const pods: readonly Labelled<Summary['pods'][number]>[] = summary.pods.map((row) => ({
    row,
    labels: { container: '', image: '', name: '', namespace: row.podRef.namespace, pod: row.podRef.name },
  }));
  const containers = pods.flatMap(({ row: pod, labels }) =>
    pod.containers.map((row) => {
      const { id, image } = identityOf(pod.podRef.uid, row.name);
      return { row, labels: { ...labels, container: row.name, image, name: id } };
    }),
  );
  const all: readonly Labelled<Row>[] = [...pods, ...containers];

  const rows = <T extends Row>(
    from: readonly Labelled<T>[],
    read: (row: T) => { readonly value: number; readonly at: string },
    more: Readonly<Record<string, string>> = {},
  ): readonly Sample[] =>
    from.map(({ row, labels }) => {
      const { value, at } = read(row);
      return { labels: { ...labels, ...more }, value, at: Date.parse(at) };
    });
  const memory = (name: string, help: string, field: 'usageBytes' | 'workingSetBytes' | 'rssBytes'): string => {
    const node: Sample = { labels: { id: '/' }, value: summary.node.memory[field], at: now };
    return renderFamily(name, help, 'gauge', [
      node,
      ...rows(all, (row) => ({ value: row.memory[field], at: row.memory.time })),
    ]);
  };
  const network = (name: string, help: string, field: 'rxBytes' | 'rxErrors' | 'txBytes' | 'txErrors'): string => {
    const samples = pods.flatMap(({ row, labels }) => {
      const { network: seen } = row;
      if (seen === undefined) return [];
      return seen.interfaces.map((one) => ({
        labels: { ...labels, interface: one.name },
        value: one[field],
        at: Date.parse(seen.time),
      }));
    });
    return renderFamily(name, help, 'counter', samples);
  };
  const cpuTotal = { cpu: 'total' };

  return [
    renderFamily('cadvisor_version_info', 'The system that the figures come from', 'gauge', [
      { labels: { kernelVersion: machine.kernelVersion }, value: 1, at: now },
    ]),
    renderFamily('container_cpu_usage_seconds_total', 'Cumulative cpu time consumed in seconds.', 'counter', [
      { labels: { id: '/', ...cpuTotal }, value: seconds(summary.node.cpu.usageCoreNanoSeconds), at: now },
      ...rows(all, (row) => ({ value: seconds(row.cpu.usageCoreNanoSeconds), at: row.cpu.time }), cpuTotal),
    ]),
    memory('container_memory_usage_bytes', 'Memory in use, with what the kernel may take back', 'usageBytes'),
    memory('container_memory_working_set_bytes', 'Memory in use that the kernel cannot take back', 'workingSetBytes'),
    memory('container_memory_rss', 'Anonymous memory in bytes', 'rssBytes'),
    renderFamily('container_memory_failures_total', 'Page faults', 'counter', [
      ...rows(all, (row) => ({ value: row.memory.pageFaults, at: row.memory.time }), {
        failure_type: 'pgfault',
        scope: 'container',
      }),
      ...rows(all, (row) => ({ value: row.memory.majorPageFaults, at: row.memory.time }), {
        failure_type: 'pgmajfault',
        scope: 'container',
      }),
    ]),
    network('container_network_receive_bytes_total', 'Bytes received', 'rxBytes'),
    network('container_network_receive_errors_total', 'Errors while receiving', 'rxErrors'),
    network('container_network_transmit_bytes_total', 'Bytes sent', 'txBytes'),
    network('container_network_transmit_errors_total', 'Errors while sending', 'txErrors'),
    renderFamily(
      'container_fs_usage_bytes',
      'What a container wrote to its root file system',
      'gauge',
      rows(containers, (row) => ({ value: row.rootfs.usedBytes, at: row.rootfs.time })),
    ),
    renderFamily(
      'container_fs_limit_bytes',
      'How large that file system is',
      'gauge',
      rows(containers, (row) => ({ value: row.rootfs.capacityBytes, at: row.rootfs.time })),
    ),
    renderFamily(
      'container_processes',
      'Processes running',
      'gauge',
      rows(pods, (row) => ({ value: row.process_stats.process_count, at: row.memory.time })),
    ),
    renderFamily(
      'container_start_time_seconds',
      'Start time since the epoch in seconds',
      'gauge',
      rows(all, (row) => ({ value: Date.parse(row.startTime) / 1000, at: row.memory.time })),
    ),
    renderFamily(
      'container_last_seen',
      'When it was last seen, in seconds since the epoch',
      'gauge',
      rows(all, (row) => ({ value: Date.parse(row.memory.time) / 1000, at: row.memory.time })),
    ),
    renderFamily('machine_cpu_cores', 'CPUs of this machine', 'gauge', [
      { labels: {}, value: machine.cpuCores, at: now },
    ]),
    renderFamily('machine_memory_bytes', 'Memory of this machine', 'gauge', [
      { labels: {}, value: machine.memoryBytes, at: now },
    ]),
    renderFamily('container_scrape_error', '1 if there was an error while getting container metrics', 'gauge', [
      { labels: {}, value: 0, at: now },
    ]),
  ].join('');
}
