import { type NodeGetVolumeStatsResponse, VolumeUsage_Unit as Unit } from '../../cri/generated/csi.ts';

/** How full a volume is, as its driver says. What the driver leaves out is 0. */
export interface DrivenUsage {
  readonly usedBytes: number;
  readonly inodesUsed: number;
  readonly fileSystem: {
    readonly capacityBytes: number;
    readonly availableBytes: number;
    readonly inodes: number;
    readonly inodesFree: number;
  };
}

/** Reads a driver's answer; figures of an unknown unit do not count. Throws for an answer without any. */
export function computeDrivenUsage({ usage }: NodeGetVolumeStatsResponse): DrivenUsage {
  if (usage.length === 0) throw new Error('the driver answered NodeGetVolumeStats without any usage');
  // The last one of a unit counts, if a driver should tell it twice.
  const bytes = usage.findLast(({ unit }) => unit === Unit.BYTES);
  const inodes = usage.findLast(({ unit }) => unit === Unit.INODES);
  return {
    usedBytes: Number(bytes?.used ?? 0n),
    inodesUsed: Number(inodes?.used ?? 0n),
    fileSystem: {
      capacityBytes: Number(bytes?.total ?? 0n),
      availableBytes: Number(bytes?.available ?? 0n),
      inodes: Number(inodes?.total ?? 0n),
      inodesFree: Number(inodes?.available ?? 0n),
    },
  };
}
