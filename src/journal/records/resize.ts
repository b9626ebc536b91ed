import type { ObjectReference } from '../../api/types.ts';
import { failure, info, normalEvent, type Projections, warningEvent } from '../projection.ts';

/** How pods that ask for other resources come by them. */
export type ResizeRecord =
  | {
      readonly kind: 'resize.granted';
      readonly object: ObjectReference;
      readonly message: string;
      readonly trigger: string;
      readonly waited: boolean;
    }
  | {
      readonly kind: 'resize.pending';
      readonly object: ObjectReference;
      readonly reason: 'Deferred' | 'Infeasible';
      readonly because: string;
      readonly message: string;
      /** In one word, why it will never be granted. */
      readonly detail?: string;
    }
  /** A new version of a pod asks for other resources. */
  | {
      readonly kind: 'resize.requested';
      readonly pod: string;
      readonly changes: readonly {
        readonly resource: string;
        readonly requirement: string;
        readonly operation: string;
      }[];
    }
  /** A resize that was put off is so no longer. */
  | {
      readonly kind: 'resize.waitEnded';
      readonly resolution: 'accepted' | 'reverted' | 'terminated';
      readonly bucket: string;
      readonly seconds: number;
    }
  | { readonly kind: 'resize.completed'; readonly object: ObjectReference; readonly message: string }
  | {
      readonly kind: 'resize.failed';
      readonly object: ObjectReference;
      readonly message: string;
      readonly error: string;
    }
  /** Containers and cgroups were told, or it was tried. */
  | { readonly kind: 'resize.actuated'; readonly pod: string; readonly ms: number; readonly success: boolean }
  | {
      readonly kind: 'resize.counted';
      readonly pending: readonly { readonly reason: string; readonly bucket: string; readonly pods: number }[];
      readonly inProgress: number;
    }
  | { readonly kind: 'resize.storeFailed'; readonly path: string; readonly error: string };

export const resizeProjections: Projections<ResizeRecord> = {
  'resize.granted': {
    log: ({ object, trigger }) =>
      info(4, 'Pod resize successfully allocated', { pod: `${object.namespace}/${object.name}`, trigger }),
    event: ({ object, message }) => normalEvent(object, 'ResizeStarted', message),
    measure: ({ waited, trigger }, meters) => {
      if (waited) meters.count('kubelet_pod_deferred_accepted_resizes_total', { retry_trigger: trigger });
    },
  },
  'resize.pending': {
    log: ({ object, reason, because }) =>
      info(4, `Pod resize is ${reason.toLowerCase()}`, { pod: `${object.namespace}/${object.name}`, message: because }),
    event: ({ object, reason, message }) => warningEvent(object, `Resize${reason}`, message),
    measure: ({ detail }, meters) => {
      if (detail !== undefined) meters.count('kubelet_pod_infeasible_resizes_total', { reason_detail: detail });
    },
  },
  'resize.requested': {
    log: ({ pod, changes }) => info(4, 'Pod asks for other resources', { pod, changes }),
    measure: ({ changes }, meters) => {
      for (const change of changes) meters.count('kubelet_container_requested_resizes_total', { ...change });
    },
  },
  'resize.waitEnded': {
    measure: ({ resolution, bucket, seconds }, meters) =>
      meters.observe('kubelet_pod_deferred_resize_duration_seconds', seconds, { resolution, priority_bucket: bucket }),
  },
  'resize.completed': {
    log: ({ object }) => info(4, 'Pod resize completed', { pod: `${object.namespace}/${object.name}` }),
    event: ({ object, message }) => normalEvent(object, 'ResizeCompleted', message),
  },
  'resize.failed': {
    log: ({ object, error }) => failure('Pod resize failed', { err: error, pod: `${object.namespace}/${object.name}` }),
    event: ({ object, message }) => warningEvent(object, 'ResizeError', message),
  },
  'resize.actuated': {
    log: ({ pod, ms, success }) => info(4, 'Resized pod', { pod, milliseconds: ms, success }),
    measure: ({ ms, success }, meters) =>
      meters.observe('kubelet_pod_resize_duration_milliseconds', ms, { success: String(success) }),
  },
  'resize.counted': {
    measure: ({ pending, inProgress }, meters) => {
      for (const { reason, bucket, pods } of pending)
        meters.gauge('kubelet_pod_pending_resizes', pods, { reason, priority_bucket: bucket });
      meters.gauge('kubelet_pod_in_progress_resizes', inProgress);
    },
  },
  'resize.storeFailed': {
    log: ({ path, error }) => failure('Failed to write the checkpoint of pod resources', { path, err: error }),
  },
};
