import { existsSync, readFileSync } from 'node:fs';
import { readdir, statfs } from 'node:fs/promises';
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

/** Usage of one cgroup by its path below the mount; cgroup v1 or v2, whichever there is. */
export function readCgroupUsage(path: string, mount = '/sys/fs/cgroup'): CgroupUsage {
  const v2 = existsSync(join(mount, 'cgroup.controllers'));
  const stat = text(v2 ? join(mount, path, 'memory.stat') : join(mount, 'memory', path, 'memory.stat'));
  const usage = Number(
    text(v2 ? join(mount, path, 'memory.current') : join(mount, 'memory', path, 'memory.usage_in_bytes')) || 0,
  );
  const inactive = field(stat, v2 ? 'inactive_file' : 'total_inactive_file');
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
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
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
        rxErrors: numbers[2] ?? 0,
        txBytes: numbers[8] ?? 0,
        txErrors: numbers[10] ?? 0,
      },
    ];
  });
}

export const readInterfaces = (): readonly InterfaceUsage[] => parseNetDev(text('/proc/net/dev'));

export const bootTime = (): Date => new Date(Number(/^btime (\d+)/m.exec(text('/proc/stat'))?.[1] ?? 0) * 1000);

/** How many processes there may be, and are. */
export async function readProcesses(): Promise<{ readonly max: number; readonly current: number }> {
  const entries = await readdir('/proc');
  return {
    max: Number(text('/proc/sys/kernel/pid_max') || 0),
    current: entries.filter((name) => /^\d+$/.test(name)).length,
  };
}
