import { readFileSync } from 'node:fs';
import { readdir, readFile, statfs } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { join } from 'node:path';

/** What the kubelet finds out about the machine it is on. */
export interface Machine {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** Page size in bytes → how many bytes of such pages there are. */
  readonly hugePages: ReadonlyMap<number, number>;
  readonly machineId: string;
  readonly systemUuid: string;
  /** Whether root here is somebody else outside. */
  readonly inUserNamespace: boolean;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly architecture: string;
}

const text = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** The first of these files that is there; containers often lack the one a machine has. */
const firstOf = (...paths: readonly string[]): string =>
  paths.map(text).find((value) => value !== undefined && value !== '') ?? '';

const meminfo = (name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text('/proc/meminfo') ?? '')?.[1] ?? 0) * 1024;

/** A limit on the whole node, as a container with less than its host's memory has; no limit: infinity. */
export function parseMemoryLimit(value: string | undefined): number {
  const bytes = Number(value);
  return value === undefined || value === 'max' || !Number.isFinite(bytes) || bytes > 2 ** 60
    ? Number.POSITIVE_INFINITY
    : bytes;
}

/** Thousandths of a CPU that quota and period allow; no limit: infinity. */
export function parseCpuLimit(quota: string | undefined, period: string | undefined): number {
  const q = Number(quota);
  const p = Number(period);
  return quota === undefined || quota === 'max' || q <= 0 || !(p > 0)
    ? Number.POSITIVE_INFINITY
    : Math.floor((q * 1000) / p);
}

function cgroupLimits(root: string): { memory: number; milliCpu: number } {
  const [quota, period] = text(join(root, 'cpu.max'))?.split(' ') ?? [
    text(join(root, 'cpu/cpu.cfs_quota_us')),
    text(join(root, 'cpu/cpu.cfs_period_us')),
  ];
  return {
    memory: parseMemoryLimit(text(join(root, 'memory.max')) ?? text(join(root, 'memory/memory.limit_in_bytes'))),
    milliCpu: parseCpuLimit(quota, period),
  };
}

async function readHugePages(): Promise<ReadonlyMap<number, number>> {
  const folder = '/sys/kernel/mm/hugepages';
  const sizes = await readdir(folder).catch(() => []);
  const found = new Map<number, number>();
  for (const size of sizes) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(size)?.[1]);
    const count = Number(await readFile(join(folder, size, 'nr_hugepages'), 'utf8').catch(() => '0'));
    if (kilobytes > 0) found.set(kilobytes * 1024, count * kilobytes * 1024);
  }
  return found;
}

const goArchitectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

/** Whether a map of users (`inside outside count`) is another than everybody to themselves. */
export const isMapped = (uidMap: string): boolean => !/^\s*(?:0\s+0\s+4294967295\s*)?$/.test(uidMap);

/** Reads the machine once; limits of the node's own cgroup count as the machine's size. */
export async function readMachine(cgroupRoot = '/sys/fs/cgroup'): Promise<Machine> {
  const limits = cgroupLimits(cgroupRoot);
  const osRelease = firstOf('/etc/os-release', '/usr/lib/os-release');
  return {
    milliCpu: Math.min(availableParallelism() * 1000, limits.milliCpu),
    memoryBytes: Math.min(meminfo('MemTotal'), limits.memory),
    swapBytes: meminfo('SwapTotal'),
    hugePages: await readHugePages(),
    machineId: firstOf('/etc/machine-id', '/var/lib/dbus/machine-id'),
    systemUuid: firstOf('/sys/class/dmi/id/product_uuid', '/kind/product_uuid', '/etc/machine-id'),
    inUserNamespace: isMapped(firstOf('/proc/self/uid_map')),
    bootId: firstOf('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?/m.exec(osRelease)?.[1] ?? 'Linux',
    architecture: goArchitectures[process.arch] ?? process.arch,
  };
}

/** Size in bytes of the file system that a folder lies on. */
export async function fileSystemBytes(folder: string): Promise<number> {
  const { blocks, bsize } = await statfs(folder);
  return blocks * bsize;
}
