import type { ObjectReference } from '../../api/types.ts';
import { failure, info, normalEvent, type Projections, warning, warningEvent } from '../projection.ts';

/** What the volumes tell. */
export type VolumeRecord =
  | { readonly kind: 'volume.mounted'; readonly object: ObjectReference; readonly volume: string; readonly ms: number }
  | {
      readonly kind: 'volume.failed';
      readonly object: ObjectReference;
      /** `MountVolume.SetUp failed` and its like; of raw block devices `MapVolume.…`. */
      readonly operation: string;
      readonly volume: string;
      readonly reason: string;
    }
  /** A raw block device has its name in the pod's folder. */
  | {
      readonly kind: 'volume.mapped';
      readonly object: ObjectReference;
      readonly volume: string;
      readonly folder: string;
    }
  | {
      readonly kind: 'volume.notAttached';
      readonly object: ObjectReference;
      readonly volume: string;
      readonly reason: string;
    }
  /** A claim does not lead to a volume. */
  | { readonly kind: 'volume.unprocessed'; readonly object: ObjectReference; readonly reason: string }
  | { readonly kind: 'volume.subPathFailed'; readonly pod: string; readonly path: string; readonly error: string }
  | {
      readonly kind: 'volume.ownershipSlow';
      readonly object: ObjectReference;
      readonly folder: string;
      /** Absent the first time it is told. */
      readonly files: number | undefined;
    }
  | {
      readonly kind: 'volume.ownershipRefused';
      readonly change: 'Lchown' | 'chmod';
      readonly path: string;
      readonly error: string;
    }
  | {
      readonly kind: 'volume.expanded';
      readonly object: ObjectReference;
      readonly volume: string;
      readonly nodeName: string;
    }
  | {
      readonly kind: 'volume.expansionFailed';
      readonly object: ObjectReference;
      readonly volume: string;
      readonly nodeName: string;
      readonly reason: string;
    }
  | { readonly kind: 'volume.shareFailed'; readonly folder: string; readonly error: string }
  | { readonly kind: 'volume.unmounted'; readonly podUid: string; readonly mounts: number };

const podOf = ({ namespace, name }: ObjectReference): string => `${namespace}/${name}`;

const ownershipHelp =
  'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods';

/** Folders are named by pod and below: users do not know where the kubelet keeps them. */
function slowOwnershipText({ uid }: ObjectReference, folder: string, files: number | undefined): string {
  const what = `Setting volume ownership for ${folder.slice(Math.max(0, folder.indexOf(uid ?? '')))}`;
  return files === undefined
    ? `${what} is taking longer than expected, consider using OnRootMismatch - ${ownershipHelp}`
    : `${what}, processed ${files} files.`;
}

export const volumeProjections: Projections<VolumeRecord> = {
  'volume.mounted': {
    log: ({ object, volume, ms }) =>
      info(4, 'MountVolume.SetUp succeeded for volume', {
        volumeName: volume,
        pod: podOf(object),
        milliseconds: ms,
      }),
    measure: ({ ms }, meters) =>
      meters.observe('storage_operation_duration_seconds', ms / 1000, {
        operation_name: 'volume_mount',
        status: 'success',
      }),
  },
  'volume.failed': {
    log: ({ object, operation, volume, reason }) =>
      failure(operation, { volumeName: volume, pod: podOf(object), err: reason }),
    event: ({ object, operation, volume, reason }) =>
      warningEvent(
        object,
        operation.startsWith('MapVolume.') ? 'FailedMapVolume' : 'FailedMount',
        `${operation} for volume "${volume}" : ${reason}`,
      ),
  },
  'volume.unprocessed': {
    log: ({ object, reason }) =>
      failure('Unable to attach or mount volumes for pod; skipping pod', { pod: podOf(object), err: reason }),
    event: ({ object, reason }) => warningEvent(object, 'FailedMount', `Unable to attach or mount volumes: ${reason}`),
  },
  'volume.mapped': {
    log: ({ object, volume, folder }) =>
      info(4, 'MapVolume.MapPodDevice succeeded', { volumeName: volume, pod: podOf(object), volumeMapPath: folder }),
    event: ({ object, volume, folder }) =>
      normalEvent(
        object,
        'SuccessfulMountVolume',
        `MapVolume.MapPodDevice succeeded for volume "${volume}" volumeMapPath "${folder}"`,
      ),
  },
  'volume.notAttached': {
    log: ({ object, volume, reason }) =>
      info(2, 'Volume is not attached yet', { volumeName: volume, pod: podOf(object), reason }),
  },
  'volume.subPathFailed': {
    log: ({ pod, path, error }) =>
      failure('Failed to prepare subPath for volumeMount of the container', { pod, subPath: path, err: error }),
  },
  'volume.ownershipSlow': {
    log: ({ folder, files }) => warning('Setting volume ownership is slow', { path: folder, files }),
    event: ({ object, folder, files }) =>
      warningEvent(object, 'VolumePermissionChangeInProgress', slowOwnershipText(object, folder, files)),
  },
  'volume.ownershipRefused': { log: ({ change, path, error }) => failure(`${change} failed`, { path, err: error }) },
  'volume.expanded': {
    log: ({ object, volume }) =>
      info(0, 'MountVolume.NodeExpandVolume succeeded for volume', { volumeName: volume, pod: podOf(object) }),
    event: ({ object, volume, nodeName }) =>
      normalEvent(
        object,
        'FileSystemResizeSuccessful',
        `MountVolume.NodeExpandVolume succeeded for volume "${volume}" ${nodeName}`,
      ),
  },
  'volume.expansionFailed': {
    log: ({ object, volume, reason }) =>
      failure('NodeExpandVolume failed', { volumeName: volume, pod: podOf(object), err: reason }),
    event: ({ object, volume, reason }) =>
      warningEvent(object, 'VolumeResizeFailed', `NodeExpandVolume failed for volume "${volume}" : ${reason}`),
  },
  'volume.shareFailed': {
    log: ({ folder, error }) =>
      warning('Mounts below the root folder are not shared; mount propagation will not work', {
        path: folder,
        err: error,
      }),
  },
  'volume.unmounted': { log: ({ podUid, mounts }) => info(3, 'Volumes of pod are gone', { podUID: podUid, mounts }) },
};
