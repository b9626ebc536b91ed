import type { ObjectReference } from '../../api/types.ts';
import { failure, info, type Projections, warningEvent } from '../projection.ts';

/** What the volumes tell. */
export type VolumeRecord =
  | { readonly kind: 'volume.mounted'; readonly object: ObjectReference; readonly volume: string; readonly ms: number }
  | {
      readonly kind: 'volume.failed';
      readonly object: ObjectReference;
      readonly volume: string;
      readonly reason: string;
    }
  | { readonly kind: 'volume.unmounted'; readonly podUid: string; readonly mounts: number };

export const volumeProjections: Projections<VolumeRecord> = {
  'volume.mounted': {
    log: ({ object, volume, ms }) =>
      info(4, 'MountVolume.SetUp succeeded for volume', {
        volumeName: volume,
        pod: `${object.namespace}/${object.name}`,
        milliseconds: ms,
      }),
    measure: ({ ms }, meters) =>
      meters.observe('storage_operation_duration_seconds', ms / 1000, {
        operation_name: 'volume_mount',
        status: 'success',
      }),
  },
  'volume.failed': {
    log: ({ object, volume, reason }) =>
      failure('MountVolume.SetUp failed', {
        volumeName: volume,
        pod: `${object.namespace}/${object.name}`,
        err: reason,
      }),
    event: ({ object, volume, reason }) =>
      warningEvent(object, 'FailedMount', `MountVolume.SetUp failed for volume "${volume}" : ${reason}`),
  },
  'volume.unmounted': { log: ({ podUid, mounts }) => info(3, 'Volumes of pod are gone', { podUID: podUid, mounts }) },
};
