import { renderFamily } from './prometheus-text.ts';
import type { ClaimRef, VolumeUsage } from './volume-usage.ts';

export interface ClaimedVolume {
  readonly claim: ClaimRef;
  readonly usage: VolumeUsage;
}

const figures: readonly (readonly [string, string, (usage: VolumeUsage) => number])[] = [
  ['capacity_bytes', 'Capacity in bytes of the volume', ({ fileSystem }) => fileSystem.capacityBytes],
  ['available_bytes', 'Number of available bytes in the volume', ({ fileSystem }) => fileSystem.availableBytes],
  ['used_bytes', 'Number of used bytes in the volume', ({ usedBytes }) => usedBytes],
  ['inodes', 'Maximum number of inodes in the volume', ({ fileSystem }) => fileSystem.inodes],
  ['inodes_free', 'Number of free inodes in the volume', ({ fileSystem }) => fileSystem.inodesFree],
  ['inodes_used', 'Number of used inodes in the volume', ({ inodesUsed }) => inodesUsed],
];

/** kubelet_volume_stats_*: how full the volumes are that claims stand for; a claim that several pods use is told once. */
export function renderVolumeMetrics(volumes: readonly ClaimedVolume[]): string {
  const byClaim = new Map(volumes.map((volume) => [`${volume.claim.namespace}/${volume.claim.name}`, volume]));
  return figures
    .map(([name, help, figure]) =>
      renderFamily(
        `kubelet_volume_stats_${name}`,
        help,
        'gauge',
        [...byClaim.values()].map(({ claim, usage }) => ({
          labels: { namespace: claim.namespace, persistentvolumeclaim: claim.name },
          value: figure(usage),
          at: usage.measuredAt,
        })),
      ),
    )
    .join('');
}
