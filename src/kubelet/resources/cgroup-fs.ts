import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { type CgroupSettings, sharesOfWeight, weightOf } from './cgroup-settings.ts';

/** The kernel's control groups, by path below the mount. Calls are synchronous: the kernel answers at once. */
export interface CgroupFs {
  readonly version: 1 | 2;
  /** Makes the cgroup, with its parents, in every hierarchy. */
  make(path: string): void;
  /** Moves a process into the cgroup, in every hierarchy. Throws when the kernel does not let it. */
  enter(path: string, pid: number): void;
  apply(path: string, settings: CgroupSettings): void;
  /** What is set on it. Throws when there is no such cgroup. */
  read(path: string): CgroupSettings;
  /** Bytes of memory in use, caches too. Throws when there is no such cgroup. */
  memoryUsage(path: string): number;
  exists(path: string): boolean;
  /** Names of the cgroups directly below. */
  children(path: string): readonly string[];
  /** Processes in the cgroup and all below it. */
  processes(path: string): readonly number[];
  /** Removes the cgroup and all below it; answers false when processes keep it. */
  remove(path: string): boolean;
}

/** The hierarchy in force below `mount`: version 2 has its controllers listed at the root. */
export const cgroupFs = (mount = '/sys/fs/cgroup'): CgroupFs =>
  existsSync(join(mount, 'cgroup.controllers')) ? cgroupV2(mount) : cgroupV1(mount);

function cgroupV1(mount: string): CgroupFs {
  // Each controller is its own mount; `unified` is the version 2 hierarchy that systemd keeps for itself. Upstream's
  // kubelet makes pods' cgroups there too, and what it left to this one is removed.
  const unified = join(mount, 'unified');
  const hierarchies = readdirSync(mount, { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && entry.name !== 'unified' && existsSync(join(mount, entry.name, 'cgroup.procs')),
    )
    .map(({ name }) => join(mount, name));
  const controller = (file: string) => hierarchies.find((h) => existsSync(join(h, file)));
  const cpuset = controller('cpuset.cpus');
  /** Which hierarchy has which of a cgroup's files: the same one for every cgroup. */
  const homes = new Map<string, string>();
  const homeOf = (path: string, file: string): string | undefined => {
    const known = homes.get(file) ?? hierarchies.find((h) => existsSync(join(h, path, file)));
    if (known !== undefined) homes.set(file, known);
    return known;
  };

  return {
    version: 1,
    make(path) {
      for (const hierarchy of hierarchies) {
        if (hierarchy === cpuset) makeCpuset(hierarchy, path);
        else mkdirSync(join(hierarchy, path), { recursive: true });
      }
    },
    enter(path, pid) {
      for (const hierarchy of hierarchies) writeFileSync(join(hierarchy, path, 'cgroup.procs'), String(pid));
    },
    apply(path, { cpuShares, cpuQuota, cpuPeriod, memoryBytes, pids, hugePages = [] }) {
      const write = (file: string, value: number | string | undefined) => {
        if (value === undefined) return;
        const hierarchy = homeOf(path, file) ?? controller(file);
        if (hierarchy !== undefined) writeFileSync(join(hierarchy, path, file), String(value));
      };
      write('cpu.shares', cpuShares);
      write('cpu.cfs_period_us', cpuPeriod);
      write('cpu.cfs_quota_us', cpuQuota === 0 ? -1 : cpuQuota);
      write('memory.limit_in_bytes', memoryBytes);
      write('pids.max', pids);
      for (const { pageSize, bytes } of hugePages) write(`hugetlb.${pageSize}.limit_in_bytes`, bytes);
    },
    read(path) {
      const value = (file: string): number | undefined => {
        const hierarchy = homeOf(path, file);
        return hierarchy === undefined ? undefined : Number(readFileSync(join(hierarchy, path, file), 'utf8'));
      };
      return settingsOf(
        value('cpu.shares'),
        value('cpu.cfs_quota_us'),
        value('cpu.cfs_period_us'),
        value('memory.limit_in_bytes'),
      );
    },
    memoryUsage(path) {
      const hierarchy = controller('memory.usage_in_bytes') ?? mount;
      return Number(readFileSync(join(hierarchy, path, 'memory.usage_in_bytes'), 'utf8'));
    },
    exists: (path) => hierarchies.every((h) => existsSync(join(h, path))),
    children: (path) => [...new Set([...hierarchies, unified].flatMap((h) => folders(join(h, path))))],
    processes: (path) => [...new Set(hierarchies.flatMap((h) => processesBelow(join(h, path))))],
    remove: (path) => [...hierarchies, unified].map((h) => removeBelow(join(h, path))).every(Boolean),
  };
}

/** Version 1 says "no limit" with the largest multiple of a page that fits. */
const unlimitedBytes = 2 ** 62;

const settingsOf = (
  cpuShares: number | undefined,
  cpuQuota: number | undefined,
  cpuPeriod: number | undefined,
  memoryBytes: number | undefined,
): CgroupSettings => ({
  ...(cpuShares === undefined ? {} : { cpuShares }),
  ...(cpuQuota === undefined || cpuQuota < 0 || cpuPeriod === undefined ? {} : { cpuQuota, cpuPeriod }),
  ...(memoryBytes === undefined || memoryBytes < 0 || memoryBytes >= unlimitedBytes ? {} : { memoryBytes }),
});

/** A new cpuset cgroup has no CPUs of its own, and no process may enter it before it has. */
function makeCpuset(hierarchy: string, path: string): void {
  let current = hierarchy;
  for (const part of path.split('/').filter((p) => p !== '')) {
    const parent = current;
    current = join(current, part);
    if (!existsSync(current)) mkdirSync(current);
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (!existsSync(join(current, file)) || readFileSync(join(current, file), 'utf8').trim() !== '') continue;
      writeFileSync(join(current, file), readFileSync(join(parent, file), 'utf8').trim());
    }
  }
}

/** Controllers that pods' cgroups need below their parents. */
const delegated = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb'];

function cgroupV2(mount: string): CgroupFs {
  return {
    version: 2,
    make(path) {
      let current = mount;
      for (const part of path.split('/').filter((p) => p !== '')) {
        delegate(current);
        current = join(current, part);
        if (!existsSync(current)) mkdirSync(current);
      }
    },
    enter: (path, pid) => writeFileSync(join(mount, path, 'cgroup.procs'), String(pid)),
    apply(path, { cpuShares, cpuQuota, cpuPeriod, memoryBytes, pids, hugePages = [], ...protection }) {
      const write = (file: string, value: string | undefined) => {
        const target = join(mount, path, file);
        if (value !== undefined && existsSync(target)) writeFileSync(target, value);
      };
      write('cpu.weight', cpuShares === undefined ? undefined : String(weightOf(cpuShares)));
      const quota = cpuQuota === undefined ? undefined : cpuQuota > 0 ? String(cpuQuota) : 'max';
      write('cpu.max', quota === undefined ? undefined : `${quota} ${cpuPeriod ?? 100_000}`);
      const bytes = (count: number | undefined) => (count === undefined ? undefined : String(count));
      write('memory.max', bytes(memoryBytes));
      write('memory.min', bytes(protection.memoryMin));
      write('memory.low', bytes(protection.memoryLow));
      write('memory.high', bytes(protection.memoryHigh));
      write('pids.max', pids === undefined ? undefined : String(pids));
      for (const { pageSize, bytes } of hugePages) write(`hugetlb.${pageSize}.max`, String(bytes));
    },
    read(path) {
      const text = (file: string): string | undefined =>
        existsSync(join(mount, path, file)) ? readFileSync(join(mount, path, file), 'utf8').trim() : undefined;
      const number = (value: string | undefined): number | undefined =>
        value === undefined ? undefined : value === 'max' ? -1 : Number(value);
      const [quota, period] = text('cpu.max')?.split(' ') ?? [];
      const weight = number(text('cpu.weight'));
      const memory = number(text('memory.max'));
      return settingsOf(weight && sharesOfWeight(weight), number(quota), number(period), memory);
    },
    memoryUsage: (path) => Number(readFileSync(join(mount, path, 'memory.current'), 'utf8')),
    exists: (path) => existsSync(join(mount, path)),
    children: (path) => folders(join(mount, path)),
    processes: (path) => processesBelow(join(mount, path)),
    remove: (path) => removeBelow(join(mount, path)),
  };
}

function delegate(folder: string): void {
  const control = join(folder, 'cgroup.subtree_control');
  const has = (file: string) => readFileSync(join(folder, file), 'utf8').trim().split(' ');
  const enabled = has('cgroup.subtree_control');
  const missing = has('cgroup.controllers').filter((c) => delegated.includes(c) && !enabled.includes(c));
  if (missing.length > 0) writeFileSync(control, missing.map((c) => `+${c}`).join(' '));
}

function folders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function processesBelow(folder: string): readonly number[] {
  if (!existsSync(folder)) return [];
  const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...folders(folder).flatMap((child) => processesBelow(join(folder, child)))];
}

function removeBelow(folder: string): boolean {
  if (!existsSync(folder)) return true;
  const emptied = folders(folder).map((child) => removeBelow(join(folder, child)));
  if (!emptied.every(Boolean)) return false;
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}
