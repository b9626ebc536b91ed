import { limitFamilies } from './cadvisor-limits.ts';
import { trafficFamilies } from './cadvisor-traffic.ts';
import { type CgroupFamily, counter, detail, deviceUsage, faults, gauge, quota, seconds } from './family-readers.ts';

/** Everything that /metrics/cadvisor tells of a cgroup. */
export const cgroupFamilies: readonly CgroupFamily[] = [
  counter('blkio_device_usage', 'Bytes moved, by device', deviceUsage),
  counter('cpu_usage_seconds', 'Cumulative cpu time consumed in seconds.', ({ cpuNanoSeconds }) => [
    { value: seconds(cpuNanoSeconds), labels: { cpu: 'total' } },
  ]),
  counter(
    'cpu_user_seconds',
    'Of that, in programs',
    detail(({ cpu }) => seconds(cpu.userNs)),
  ),
  counter(
    'cpu_system_seconds',
    'Of that, in the kernel',
    detail(({ cpu }) => seconds(cpu.systemNs)),
  ),
  counter(
    'cpu_cfs_periods',
    'Periods in which the limit was counted',
    quota((cpu) => cpu.periods),
  ),
  counter(
    'cpu_cfs_throttled_periods',
    'Periods in which it was reached',
    quota((cpu) => cpu.throttledPeriods),
  ),
  counter(
    'cpu_cfs_throttled_seconds',
    'How long it held tasks back',
    quota((cpu) => seconds(cpu.throttledNs)),
  ),
  gauge('memory_usage_bytes', 'Memory in use, with what the kernel may take back', ({ memory }) => [
    { value: memory.usageBytes },
  ]),
  gauge('memory_working_set_bytes', 'Memory in use that the kernel cannot take back', ({ memory }) => [
    { value: memory.workingSetBytes },
  ]),
  gauge('memory_rss', 'Anonymous memory in bytes', ({ memory }) => [{ value: memory.rssBytes }]),
  gauge(
    'memory_cache',
    'Memory that holds files',
    detail(({ memory }) => memory.cacheBytes),
  ),
  gauge(
    'memory_mapped_file',
    'Memory that is mapped files',
    detail(({ memory }) => memory.mappedFileBytes),
  ),
  gauge(
    'memory_total_active_file_bytes',
    'Files used lately',
    detail(({ memory }) => memory.activeFileBytes),
  ),
  gauge(
    'memory_total_inactive_file_bytes',
    'Files not used lately',
    detail(({ memory }) => memory.inactiveFileBytes),
  ),
  gauge(
    'memory_kernel_usage',
    'Memory of the kernel',
    detail(({ memory }) => memory.kernelBytes),
  ),
  gauge(
    'memory_max_usage_bytes',
    'The most memory that was ever in use',
    detail(({ memory }) => memory.maxUsageBytes),
  ),
  gauge(
    'memory_swap',
    'Swap space in use',
    detail(({ swap }) => swap.usageBytes),
  ),
  {
    name: 'container_memory_failcnt',
    help: 'How often the memory limit was hit',
    type: 'counter',
    read: detail(({ memory }) => memory.failures),
  },
  counter('memory_failures', 'Page faults', faults),
  counter(
    'memory_events_high',
    'How often the high mark was passed',
    detail(({ memory }) => memory.highEvents),
  ),
  counter(
    'memory_events_max',
    'How often the limit was reached',
    detail(({ memory }) => memory.failures),
  ),
  counter(
    'oom_events',
    'Processes killed for want of memory',
    detail(({ memory }) => memory.oomKills),
  ),
  ...trafficFamilies,
  ...limitFamilies,
];
