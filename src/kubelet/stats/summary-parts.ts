import type { Instant } from '../../base/clock.ts';
import type { FileSystemUsage, InterfaceUsage } from './node-usage.ts';
import type { Pressure } from './pressure.ts';
import type { MeasuredCgroup, SummaryInput } from './summary.ts';
import type { SummaryDetails } from './summary-details.ts';

export const time = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
export const fromNanos = (ns: bigint | undefined, fallback: Instant): string =>
  time(ns === undefined || ns === 0n ? fallback : Number(ns / 1_000_000n));
export const value = (wrapped: { readonly value: bigint } | undefined): number => Number(wrapped?.value ?? 0n);

export const psiOf = (pressure: Pressure | undefined) => (pressure === undefined ? {} : { psi: pressure });
export const ioOf = (details: SummaryDetails | undefined, now: Instant) =>
  details === undefined ? {} : { io: { time: time(now), psi: details.pressure.io } };

export const cpuOf = (key: string, usage: MeasuredCgroup, { now, rate }: SummaryInput) => ({
  time: time(now),
  usageNanoCores: rate(key, usage.cpuNanoSeconds),
  usageCoreNanoSeconds: usage.cpuNanoSeconds,
  ...psiOf(usage.details.pressure.cpu),
});

export const memoryOf = (usage: MeasuredCgroup, now: Instant, capacity?: number) => ({
  time: time(now),
  ...(capacity === undefined ? {} : { availableBytes: Math.max(0, capacity - usage.workingSetBytes) }),
  usageBytes: usage.memoryUsageBytes,
  workingSetBytes: usage.workingSetBytes,
  rssBytes: usage.rssBytes,
  pageFaults: usage.pageFaults,
  majorPageFaults: usage.majorPageFaults,
  ...psiOf(usage.details.pressure.memory),
});

/** What the runtime says is left is 0 where there is no limit. */
export const availableOf = (available: { readonly value: bigint } | undefined) =>
  value(available) === 0 ? {} : { availableBytes: value(available) };

export const fsOf = (fs: FileSystemUsage, now: Instant, usedBytes = fs.capacityBytes - fs.availableBytes) => ({
  time: time(now),
  availableBytes: fs.availableBytes,
  capacityBytes: fs.capacityBytes,
  usedBytes,
  inodesFree: fs.inodesFree,
  inodes: fs.inodes,
  inodesUsed: fs.inodes - fs.inodesFree,
});

export function swapOf(details: SummaryDetails | undefined, now: Instant) {
  const { usageBytes, limitBytes } = details?.swap ?? { usageBytes: 0, limitBytes: 0 };
  const available = limitBytes === undefined ? {} : { swapAvailableBytes: Math.max(0, limitBytes - usageBytes) };
  return { time: time(now), ...available, swapUsageBytes: usageBytes };
}

export const countersOf = ({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceUsage) => ({
  name,
  rxBytes,
  rxErrors,
  txBytes,
  txErrors,
});
