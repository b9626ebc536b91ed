import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** What a cgroup has used. */
export interface CgroupUsage {
  readonly cpuNanoSeconds: number;
  readonly memoryUsageBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

const text = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

const field = (content: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)`, 'm').exec(content)?.[1] ?? 0);

/** What the whole machine uses: the root of cgroup v2 has no account of its own. */
export function parseMachineMemory(meminfo: string, memoryStat: string): { usage: number; inactive: number } {
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0);
  return {
    usage: (kilobytes('MemTotal') - kilobytes('MemFree')) * 1024,
    inactive: field(memoryStat, 'inactive_file'),
  };
}

/** Usage of one cgroup by its path below the mount; cgroup v1 or v2, whichever there is. */
export function readCgroupUsage(path: string, mount = '/sys/fs/cgroup'): CgroupUsage {
  const v2 = existsSync(join(mount, 'cgroup.controllers'));
  const stat = text(v2 ? join(mount, path, 'memory.stat') : join(mount, 'memory', path, 'memory.stat'));
  const current = text(v2 ? join(mount, path, 'memory.current') : join(mount, 'memory', path, 'memory.usage_in_bytes'));
  const { usage, inactive } =
    v2 && path === '/' && current === ''
      ? parseMachineMemory(text('/proc/meminfo'), stat)
      : { usage: Number(current || 0), inactive: field(stat, v2 ? 'inactive_file' : 'total_inactive_file') };
  return {
    cpuNanoSeconds: v2
      ? field(text(join(mount, path, 'cpu.stat')), 'usage_usec') * 1000
      : Number(text(join(mount, 'cpuacct', path, 'cpuacct.usage')) || 0),
    memoryUsageBytes: usage,
    workingSetBytes: Math.max(0, usage - inactive),
    rssBytes: field(stat, v2 ? 'anon' : 'total_rss'),
    pageFaults: field(stat, v2 ? 'pgfault' : 'total_pgfault'),
    majorPageFaults: field(stat, v2 ? 'pgmajfault' : 'total_pgmajfault'),
  };
}

/** A file system's size and what is left of it. */
export interface FileSystemUsage {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export async function readFileSystem(folder: string): Promise<FileSystemUsage> {
  const { blocks, bavail, bsize, files, ffree } = await statfs(folder);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree };
}

export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** The counters of /proc/net/dev, loopback left out. */
export function parseNetDev(content: string): readonly InterfaceUsage[] {
  return content.split('\n').flatMap((line) => {
    const match = /^\s*([^\s:]+):\s*(.+)$/.exec(line);
    if (match === null || match[1] === 'lo') return [];
    const numbers = (match[2] ?? '').trim().split(/\s+/).map(Number);
    return [
      {
        name: match[1] ?? '',
        rxBytes: numbers[0] ?? 0,
        rxPackets: numbers[1] ?? 0,
        rxErrors: numbers[2] ?? 0,
        rxDropped: numbers[3] ?? 0,
        txBytes: numbers[8] ?? 0,
        txPackets: numbers[9] ?? 0,
        txErrors: numbers[10] ?? 0,
        txDropped: numbers[11] ?? 0,
      },
    ];
  });
}

/** The network that a process sees; the node's own by default. Nothing when the process has ended. */
export const readInterfaces = (processId = 'self'): readonly InterfaceUsage[] =>
  parseNetDev(text(`/proc/${processId}/net/dev`));

/** The node's swap space, by /proc/meminfo's text. */
export function parseSwap(meminfo: string): { readonly totalBytes: number; readonly usedBytes: number } {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  return { totalBytes: bytes('SwapTotal'), usedBytes: bytes('SwapTotal') - bytes('SwapFree') };
}

export const readSwap = () => parseSwap(text('/proc/meminfo'));

/** The cgroup of a process by its /proc/…/cgroup: v2's, or that of v1's memory controller. Undefined: the root. */
export function parseOwnCgroup(content: string): string | undefined {
  const path = /^\d+:[^:]*\bmemory\b[^:]*:(.*)$/m.exec(content)?.[1] ?? /^0::(.*)$/m.exec(content)?.[1];
  return path === undefined || path === '/' ? undefined : path;
}

export const readOwnCgroup = () => parseOwnCgroup(text('/proc/self/cgroup'));

export const bootTime = (): Date => new Date(Number(/^btime (\d+)/m.exec(text('/proc/stat'))?.[1] ?? 0) * 1000);

/** How many tasks (threads count) there may be on the machine, and are. */
export async function readProcesses(): Promise<{ readonly max: number; readonly current: number }> {
  const limits = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].map((path) => Number(text(path)));
  return {
    max: Math.min(...limits.filter((limit) => limit > 0)),
    // `0.42 0.31 0.30 2/345 6789`: two of 345 are running.
    current: Number(/^\S+ \S+ \S+ \d+\/(\d+)/.exec(text('/proc/loadavg'))?.[1] ?? 0),
  };
}
