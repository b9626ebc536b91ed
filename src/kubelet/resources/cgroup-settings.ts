import { type HugePageLimit, hugePageLimits } from './huge-pages.ts';
import type { MemoryProtection } from './memory-protection.ts';

/** What is set on a cgroup; whatever is absent is left as it is. Memory's protection is cgroup v2's alone. */
export interface CgroupSettings extends MemoryProtection {
  /** cgroup v1's scale, 2 to 262144. */
  readonly cpuShares?: number;
  /** Microseconds in each period; -1: no limit. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryBytes?: number;
  readonly pids?: number;
  readonly hugePages?: readonly HugePageLimit[];
}

export const minShares = 2;
const maxShares = 262_144;
const sharesPerCpu = 1024;
const minQuota = 1000;

/** CPU requested (thousandths of a CPU) as shares. */
export const sharesOf = (milliCpu: number): number =>
  milliCpu === 0 ? minShares : Math.min(maxShares, Math.max(minShares, Math.floor((milliCpu * sharesPerCpu) / 1000)));

/** A CPU limit (thousandths of a CPU) as quota in a period; 0: no limit. */
export const quotaOf = (milliCpu: number, periodMicros: number): number =>
  milliCpu === 0 ? 0 : Math.max(minQuota, Math.floor((milliCpu * periodMicros) / 1000));

/** Shares as the CPU request they stand for, in thousandths of a CPU. */
export const milliOfShares = (shares: number): number =>
  shares < minShares ? 0 : Math.ceil((shares * 1000) / sharesPerCpu);

/** A quota as the CPU limit it stands for, in thousandths of a CPU; 0: no limit. */
export const milliOfQuota = (quota: number, periodMicros: number): number =>
  quota <= 0 || periodMicros === 0 ? 0 : Math.floor((quota * 1000) / periodMicros);

/** cgroup v2's weight for v1's shares. https://kubernetes.io/docs/concepts/architecture/cgroups/ */
export const weightOf = (shares: number): number => Math.floor(1 + ((shares - 2) * 9999) / 262_142);

/** The other way round, rounded down. */
export const sharesOfWeight = (weight: number): number => Math.floor(((weight - 1) * 262_142) / 9999) + 2;

/** What requests and limits of a pod come to, in thousandths of a CPU and in bytes; undefined: not limited. */
export interface PodTotals {
  readonly cpuRequest: number;
  readonly cpuLimit: number | undefined;
  readonly memoryLimit: number | undefined;
  /** Bytes of huge pages, by resource name. */
  readonly hugePages: Readonly<Record<string, number>>;
}

/** Limits are set only where every container has one: otherwise one container could starve another's share. */
export function computePodSettings(
  totals: PodTotals,
  options: { periodMicros: number; cfsQuota: boolean; podPidsLimit: number; hugePageSizes: readonly number[] },
): CgroupSettings {
  const { periodMicros, cfsQuota, podPidsLimit, hugePageSizes } = options;
  return {
    cpuShares: sharesOf(totals.cpuRequest || (totals.cpuLimit ?? 0)),
    ...(totals.cpuLimit !== undefined && cfsQuota
      ? { cpuQuota: quotaOf(totals.cpuLimit, periodMicros), cpuPeriod: periodMicros }
      : {}),
    ...(totals.memoryLimit === undefined ? {} : { memoryBytes: totals.memoryLimit }),
    ...(podPidsLimit > 0 ? { pids: podPidsLimit } : {}),
    ...(hugePageSizes.length > 0 ? { hugePages: hugePageLimits(totals.hugePages, hugePageSizes) } : {}),
  };
}
