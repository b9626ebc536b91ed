import type { Projections } from '../projection.ts';
import { failure, info } from '../projection.ts';

/** What the kubelet hears from the container runtime about pods as a whole. */
export type RuntimeRecord =
  | {
      readonly kind: 'runtime.podEvent';
      readonly pod: string;
      readonly event: {
        readonly uid: string;
        readonly type: string;
        readonly id: string;
        readonly exitCode?: number;
      };
    }
  | { readonly kind: 'runtime.inspectionFailed'; readonly uid: string; readonly error: string }
  | { readonly kind: 'runtime.relisted'; readonly changed: number; readonly ms: number; readonly sinceLastMs?: number }
  | { readonly kind: 'runtime.relistFailed'; readonly error: string }
  | { readonly kind: 'runtime.eventStreamBroke'; readonly error: string };

export const runtimeProjections: Projections<RuntimeRecord> = {
  'runtime.podEvent': {
    log: ({ pod, event }) => [
      ...(event.exitCode === undefined
        ? []
        : [
            info(2, 'Generic (PLEG): container finished', {
              podID: event.uid,
              containerID: event.id,
              exitCode: event.exitCode,
            }),
          ]),
      info(2, 'SyncLoop (PLEG): event for pod', { pod, event: { ID: event.uid, Type: event.type, Data: event.id } }),
    ],
  },
  'runtime.inspectionFailed': {
    log: ({ uid, error }) =>
      info(2, 'PLEG: ignore events, the pod could not be inspected', { podUID: uid, err: error }),
  },
  'runtime.relisted': {
    log: ({ changed, ms }) => info(5, 'GenericPLEG: Relisting', { changed, ms }),
    measure: ({ ms, sinceLastMs }, meters, at) => {
      meters.gauge('kubelet_pleg_last_seen_seconds', Math.floor(at / 1000));
      meters.observe('kubelet_pleg_relist_duration_seconds', ms / 1000);
      if (sinceLastMs !== undefined) meters.observe('kubelet_pleg_relist_interval_seconds', sinceLastMs / 1000);
    },
  },
  'runtime.relistFailed': { log: ({ error }) => failure('GenericPLEG: Unable to retrieve pods', { err: error }) },
  'runtime.eventStreamBroke': {
    log: ({ error }) =>
      info(2, 'The runtime’s event stream broke; pods are seen by the relist until it is back', { err: error }),
  },
};
