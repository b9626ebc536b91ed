import { type CgroupFamily, count, counter, detail, fileSystem, gauge, network, traffic } from './family-readers.ts';

/** What a cgroup's processes move, hold and have open. */
export const trafficFamilies: readonly CgroupFamily[] = [
  counter(
    'network_receive_bytes',
    'Bytes received',
    network((one) => one.rxBytes),
  ),
  counter(
    'network_receive_packets',
    'Packets received',
    network((one) => one.rxPackets),
  ),
  counter(
    'network_receive_errors',
    'Errors while receiving',
    network((one) => one.rxErrors),
  ),
  counter(
    'network_receive_packets_dropped',
    'Packets dropped while receiving',
    network((one) => one.rxDropped),
  ),
  counter(
    'network_transmit_bytes',
    'Bytes sent',
    network((one) => one.txBytes),
  ),
  counter(
    'network_transmit_packets',
    'Packets sent',
    network((one) => one.txPackets),
  ),
  counter(
    'network_transmit_errors',
    'Errors while sending',
    network((one) => one.txErrors),
  ),
  counter(
    'network_transmit_packets_dropped',
    'Packets dropped while sending',
    network((one) => one.txDropped),
  ),
  counter(
    'fs_reads',
    'Reads that reached a device',
    traffic('Read', (one) => one.count),
  ),
  counter(
    'fs_reads_bytes',
    'Bytes read from a device',
    traffic('Read', (one) => one.bytes),
  ),
  counter(
    'fs_writes',
    'Writes that reached a device',
    traffic('Write', (one) => one.count),
  ),
  counter(
    'fs_writes_bytes',
    'Bytes written to a device',
    traffic('Write', (one) => one.bytes),
  ),
  gauge(
    'fs_usage_bytes',
    'What a container wrote to its root file system',
    fileSystem((fs) => fs.usedBytes),
  ),
  gauge(
    'fs_limit_bytes',
    'How large that file system is',
    fileSystem((fs) => fs.capacityBytes),
  ),
  gauge(
    'fs_inodes_total',
    'How many files it can hold',
    fileSystem((fs) => fs.inodes),
  ),
  gauge(
    'fs_inodes_free',
    'How many more it can hold',
    fileSystem((fs) => fs.inodesFree),
  ),
  gauge(
    'processes',
    'Processes running',
    count(({ processes }) => processes),
  ),
  gauge(
    'file_descriptors',
    'Files that they have open',
    count(({ openFiles }) => openFiles),
  ),
  gauge(
    'sockets',
    'Sockets among those',
    count(({ sockets }) => sockets),
  ),
  gauge('ulimits_soft', 'What the first process may use', ({ counts }) =>
    counts === undefined || counts.processes === 0
      ? []
      : [{ value: counts.maxOpenFiles ?? -1, labels: { ulimit: 'max_open_files' } }],
  ),
  gauge(
    'threads',
    'Threads running',
    detail(({ threads }) => threads),
  ),
  gauge(
    'threads_max',
    'Threads allowed, 0: any number',
    detail(({ maxThreads }) => maxThreads ?? 0),
  ),
];
