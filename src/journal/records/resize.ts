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
      readonly pending: Readonly<Record<'deferred' | 'infeasible', number>>;
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
      for (const [reason, count] of Object.entries(pending))
        meters.gauge('kubelet_pod_pending_resizes', count, { reason });
      meters.gauge('kubelet_pod_in_progress_resizes', inProgress);
    },
  },
  'resize.storeFailed': {
    log: ({ path, error }) => failure('Failed to write the checkpoint of pod resources', { path, err: error }),
  },
};
