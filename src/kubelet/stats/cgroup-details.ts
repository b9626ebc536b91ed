import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { noPressure, type Pressure, parsePressure } from './pressure.ts';

/** What a cgroup moved to or from one block device. */
export interface DeviceTraffic {
  /** `major:minor` */
  readonly device: string;
  readonly operation: 'Read' | 'Write';
  readonly bytes: number;
  readonly count: number;
}

/** All that one cgroup tells of its use and its limits, in the same words for cgroup v1 and v2. */
export interface CgroupDetails {
  readonly cpu: {
    readonly userNs: number;
    readonly systemNs: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
    readonly shares: number;
    readonly periodMicros: number;
    /** Undefined: no limit. */
    readonly quotaMicros: number | undefined;
  };
  readonly memory: {
    readonly cacheBytes: number;
    readonly mappedFileBytes: number;
    readonly activeFileBytes: number;
    readonly inactiveFileBytes: number;
    readonly kernelBytes: number;
    readonly maxUsageBytes: number;
    /** How often the limit was hit. */
    readonly failures: number;
    readonly highEvents: number;
    readonly oomKills: number;
    /** Undefined: no limit. */
    readonly limitBytes: number | undefined;
    readonly reservationBytes: number;
  };
  readonly swap: {
    readonly usageBytes: number;
    /** Undefined: no limit, or the kernel does not tell. */
    readonly limitBytes: number | undefined;
  };
  readonly traffic: readonly DeviceTraffic[];
  readonly threads: number;
  /** Undefined: no limit. */
  readonly maxThreads: number | undefined;
  readonly pressure: { readonly cpu: Pressure; readonly memory: Pressure; readonly io: Pressure };
}

/** Reads a file of the cgroup: `memory` is v1's controller, or whatever under v2. Empty: there is none. */
export type ReadCgroupFile = (controller: string, file: string) => string;

export const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);

/** v1 has no word for `no limit`: it is a number larger than any memory. */
const unlimitedBytes = 2 ** 62;
export const limitOf = (text: string): number | undefined =>
  text === '' || text === 'max' || Number(text) < 0 || Number(text) >= unlimitedBytes ? undefined : Number(text);

/** `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 …` */
function parseIoStat(text: string): readonly DeviceTraffic[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', ...pairs] = line.split(' ');
    if (!device.includes(':')) return [];
    const values = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
    const number = (key: string): number => Number(values.get(key) ?? 0);
    return [
      { device, operation: 'Read', bytes: number('rbytes'), count: number('rios') },
      { device, operation: 'Write', bytes: number('wbytes'), count: number('wios') },
    ] as const;
  });
}

/** v1 tells bytes and counts in two files of `8:0 Read 4096`. */
function parseBlkio(bytes: string, counts: string): readonly DeviceTraffic[] {
  const countOf = new Map(counts.split('\n').map((line) => [line.replace(/ \d+$/, ''), Number(line.split(' ')[2])]));
  return bytes.split('\n').flatMap((line) => {
    const match = /^(\d+:\d+) (Read|Write) (\d+)$/.exec(line);
    if (match === null) return [];
    const [, device = '', operation = '', size] = match;
    const count = countOf.get(`${device} ${operation}`) ?? 0;
    return [{ device, operation: operation === 'Read' ? 'Read' : 'Write', bytes: Number(size), count }] as const;
  });
}

/** cgroup v2 weighs CPUs from 1 to 10000; upstream tells shares, from 2 to 262144. */
const sharesOfWeight = (weight: number): number => Math.round(2 + ((weight - 1) * 262_142) / 9999);

export function parseDetailsV2(read: ReadCgroupFile): CgroupDetails {
  const [cpu, memory, events] = [
    read('cpu', 'cpu.stat'),
    read('memory', 'memory.stat'),
    read('memory', 'memory.events'),
  ];
  const [quota = 'max', period = '100000'] = read('cpu', 'cpu.max').split(' ');
  return {
    cpu: {
      userNs: field(cpu, 'user_usec') * 1000,
      systemNs: field(cpu, 'system_usec') * 1000,
      periods: field(cpu, 'nr_periods'),
      throttledPeriods: field(cpu, 'nr_throttled'),
      throttledNs: field(cpu, 'throttled_usec') * 1000,
      shares: sharesOfWeight(Number(read('cpu', 'cpu.weight') || 1)),
      periodMicros: Number(period),
      quotaMicros: limitOf(quota),
    },
    memory: {
      cacheBytes: field(memory, 'file'),
      mappedFileBytes: field(memory, 'file_mapped'),
      activeFileBytes: field(memory, 'active_file'),
      inactiveFileBytes: field(memory, 'inactive_file'),
      kernelBytes: field(memory, 'kernel'),
      maxUsageBytes: Number(read('memory', 'memory.peak') || 0),
      failures: field(events, 'max'),
      highEvents: field(events, 'high'),
      oomKills: field(events, 'oom_kill'),
      limitBytes: limitOf(read('memory', 'memory.max')),
      reservationBytes: limitOf(read('memory', 'memory.low')) ?? 0,
    },
    swap: {
      usageBytes: Number(read('memory', 'memory.swap.current') || 0),
      limitBytes: limitOf(read('memory', 'memory.swap.max')),
    },
    traffic: parseIoStat(read('io', 'io.stat')),
    threads: Number(read('pids', 'pids.current') || 0),
    maxThreads: limitOf(read('pids', 'pids.max')),
    pressure: {
      cpu: parsePressure(read('cpu', 'cpu.pressure')),
      memory: parsePressure(read('memory', 'memory.pressure')),
      io: parsePressure(read('io', 'io.pressure')),
    },
  };
}

/** Jiffies of cpuacct.stat: a hundredth of a second on every platform that Kubernetes runs on. */
const nsOfJiffies = 10_000_000;

export function parseDetailsV1(read: ReadCgroupFile): CgroupDetails {
  const [cpu, used, memory] = [read('cpu', 'cpu.stat'), read('cpuacct', 'cpuacct.stat'), read('memory', 'memory.stat')];
  const limitBytes = limitOf(read('memory', 'memory.limit_in_bytes'));
  const withSwap = limitOf(read('memory', 'memory.memsw.limit_in_bytes'));
  return {
    cpu: {
      userNs: field(used, 'user') * nsOfJiffies,
      systemNs: field(used, 'system') * nsOfJiffies,
      periods: field(cpu, 'nr_periods'),
      throttledPeriods: field(cpu, 'nr_throttled'),
      throttledNs: field(cpu, 'throttled_time'),
      shares: Number(read('cpu', 'cpu.shares') || 2),
      periodMicros: Number(read('cpu', 'cpu.cfs_period_us') || 100_000),
      quotaMicros: limitOf(read('cpu', 'cpu.cfs_quota_us')),
    },
    memory: {
      cacheBytes: field(memory, 'total_cache'),
      mappedFileBytes: field(memory, 'total_mapped_file'),
      activeFileBytes: field(memory, 'total_active_file'),
      inactiveFileBytes: field(memory, 'total_inactive_file'),
      kernelBytes: Number(read('memory', 'memory.kmem.usage_in_bytes') || 0),
      maxUsageBytes: Number(read('memory', 'memory.max_usage_in_bytes') || 0),
      failures: Number(read('memory', 'memory.failcnt') || 0),
      highEvents: 0,
      oomKills: field(read('memory', 'memory.oom_control'), 'oom_kill'),
      limitBytes,
      reservationBytes: limitOf(read('memory', 'memory.soft_limit_in_bytes')) ?? 0,
    },
    swap: {
      usageBytes: field(memory, 'total_swap'),
      limitBytes: withSwap === undefined || limitBytes === undefined ? undefined : withSwap - limitBytes,
    },
    traffic: parseBlkio(
      read('blkio', 'blkio.throttle.io_service_bytes_recursive'),
      read('blkio', 'blkio.throttle.io_serviced_recursive'),
    ),
    threads: Number(read('pids', 'pids.current') || 0),
    maxThreads: limitOf(read('pids', 'pids.max')),
    pressure: { cpu: noPressure, memory: noPressure, io: noPressure },
  };
}

/** Where a cgroup's file lies under either version, by the path below the mounts. */
export function cgroupFiles(path: string, mount = '/sys/fs/cgroup') {
  const isV2 = existsSync(join(mount, 'cgroup.controllers'));
  const folderOf = (controller: string): string => (isV2 ? join(mount, path) : join(mount, controller, path));
  const read: ReadCgroupFile = (controller, file) => {
    try {
      return readFileSync(join(folderOf(controller), file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  return { isV2, folderOf, read };
}

export function readCgroupDetails(path: string, mount?: string): CgroupDetails {
  const { isV2, read } = cgroupFiles(path, mount);
  return isV2 ? parseDetailsV2(read) : parseDetailsV1(read);
}
