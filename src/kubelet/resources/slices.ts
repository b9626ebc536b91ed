import type { SystemdUnits, UnitProperty } from '../systemd-units/index.ts';
import type { CgroupFs } from './cgroup-fs.ts';
import { type CgroupSettings, weightOf } from './cgroup-settings.ts';

/** Who makes, sets and removes cgroups: the kubelet itself, or systemd for it. */
export interface CgroupTree {
  /** With its parents; what is there already is set alone. */
  make(path: string, settings: CgroupSettings): Promise<void>;
  /** Throws what the kernel says. */
  apply(path: string, settings: CgroupSettings): Promise<void>;
  /** False: processes keep it. */
  remove(path: string): Promise<boolean>;
}

export const ownTree = (fs: CgroupFs): CgroupTree => ({
  async make(path, settings) {
    fs.make(path);
    fs.apply(path, settings);
  },
  async apply(path, settings) {
    fs.apply(path, settings);
  },
  remove: async (path) => fs.remove(path),
});

/** systemd counts a CPU's microseconds in each second, in whole hundredths of a CPU. */
const secondMicros = 1_000_000;
const quotaStepMicros = 10_000;
const unlimited = 2n ** 64n - 1n;

const perSecond = (quota: number, period: number): number =>
  Math.ceil((quota * secondMicros) / period / quotaStepMicros) * quotaStepMicros;

/** The settings as systemd can have them, so that its files and ours say the same: a quota rounded up. */
export function fitToSystemd(settings: CgroupSettings): CgroupSettings {
  const { cpuQuota = 0, cpuPeriod = 0 } = settings;
  if (cpuQuota <= 0 || cpuPeriod <= 0) return settings;
  return { ...settings, cpuQuota: (perSecond(cpuQuota, cpuPeriod) * cpuPeriod) / secondMicros };
}

/**
 * Settings as a slice's properties. Huge pages are no part of them: systemd leaves that controller alone.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.resource-control.html
 */
export function renderSliceProperties(settings: CgroupSettings): readonly UnitProperty[] {
  const { cpuShares, cpuQuota, cpuPeriod, memoryBytes, pids } = settings;
  const quota =
    cpuQuota === undefined || cpuPeriod === undefined
      ? undefined
      : cpuQuota > 0
        ? BigInt(perSecond(cpuQuota, cpuPeriod))
        : unlimited;
  const amount = (value: number | undefined) =>
    value === undefined ? undefined : value < 0 ? unlimited : BigInt(value);
  const properties: readonly (readonly [string, bigint | undefined])[] = [
    ['CPUWeight', cpuShares === undefined ? undefined : BigInt(weightOf(cpuShares))],
    ['CPUQuotaPeriodUSec', amount(cpuPeriod)],
    ['CPUQuotaPerSecUSec', quota],
    ['MemoryMax', amount(memoryBytes)],
    ['MemoryMin', amount(settings.memoryMin)],
    ['MemoryLow', amount(settings.memoryLow)],
    ['MemoryHigh', amount(settings.memoryHigh)],
    ['TasksMax', amount(pids)],
  ];
  return properties.flatMap(([name, value]) => (value === undefined ? [] : [{ name, type: 't', value }]));
}

const unitOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** What every slice has: controllers from the beginning, and no end at shutdown that would come before its pods'. */
const basics = (path: string): readonly UnitProperty[] => [
  { name: 'Wants', type: 'as', value: [unitOf(parentOf(path)) || '-.slice'] },
  ...['MemoryAccounting', 'CPUAccounting', 'IOAccounting', 'TasksAccounting'].map(
    (name) => ({ name, type: 'b', value: true }) as const,
  ),
  { name: 'DefaultDependencies', type: 'b', value: false },
];

/**
 * Cgroups as systemd's slices. systemd owns the hierarchy: what is made behind its back loses its controllers, and
 * what is set there is set anew when systemd next looks. Files are written too, as not everything has a property.
 */
export function sliceTree(fs: CgroupFs, units: SystemdUnits): CgroupTree {
  async function make(path: string, settings: CgroupSettings): Promise<void> {
    const parent = parentOf(path);
    if (parent !== '' && !fs.exists(parent)) await make(parent, {});
    await units.start(unitOf(path), [...basics(path), ...renderSliceProperties(settings)]);
    fs.make(path);
    fs.apply(path, fitToSystemd(settings));
  }
  async function set(path: string, settings: CgroupSettings): Promise<void> {
    const properties = renderSliceProperties(settings);
    if (properties.length > 0) await units.set(unitOf(path), properties);
  }
  return {
    async make(path, settings) {
      const known = fs.exists(path);
      await make(path, settings);
      if (known) await set(path, settings);
    },
    async apply(path, settings) {
      await set(path, settings);
      fs.apply(path, fitToSystemd(settings));
    },
    async remove(path) {
      if (!fs.remove(path)) return false;
      await units.stop(unitOf(path));
      return true;
    },
  };
}
