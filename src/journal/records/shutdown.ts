import type { Instant } from '../../base/clock.ts';
import { failure, info, normalEvent, type Projections } from '../projection.ts';

/** What the kubelet tells of its machine's shutdowns. */
export type ShutdownRecord =
  | { readonly kind: 'shutdown.notWatched'; readonly error: string; readonly again: boolean }
  | { readonly kind: 'shutdown.heard'; readonly node: string; readonly begins: boolean }
  | { readonly kind: 'shutdown.killing'; readonly pod: string; readonly graceSeconds: number }
  | { readonly kind: 'shutdown.groupEnded'; readonly priority: number; readonly timedOut: boolean }
  | {
      readonly kind: 'shutdown.state';
      readonly startedAt: Instant | undefined;
      readonly endedAt: Instant | undefined;
    }
  | { readonly kind: 'shutdown.stateFailed'; readonly error: string };

const seconds = (at: Instant | undefined): number => (at === undefined ? 0 : Math.floor(at / 1000));

export const shutdownProjections: Projections<ShutdownRecord> = {
  'shutdown.notWatched': {
    log: ({ error, again }) =>
      failure(again ? 'Unable to watch the node for shutdown events' : 'Failed to start node shutdown manager', {
        err: error,
      }),
  },
  'shutdown.heard': {
    log: ({ begins }) =>
      info(1, 'Shutdown manager detected new shutdown event', { event: begins ? 'shutdown' : 'cancelled' }),
    event: ({ node, begins }) =>
      normalEvent(
        { apiVersion: 'v1', kind: 'Node', name: node },
        'Shutdown',
        `Shutdown manager detected shutdown ${begins ? 'event' : 'cancellation'}`,
      ),
  },
  'shutdown.killing': {
    log: ({ pod, graceSeconds }) =>
      info(1, 'Shutdown manager killing pod with gracePeriod', { pod, gracePeriod: graceSeconds }),
  },
  'shutdown.groupEnded': {
    log: ({ priority, timedOut }) =>
      info(1, timedOut ? 'Shutdown manager pod killing time out' : 'Done waiting for all pods in group to terminate', {
        priority,
      }),
  },
  'shutdown.state': {
    measure: ({ startedAt, endedAt }, meters) => {
      meters.gauge('kubelet_graceful_shutdown_start_time_seconds', seconds(startedAt));
      meters.gauge('kubelet_graceful_shutdown_end_time_seconds', seconds(endedAt));
    },
  },
  'shutdown.stateFailed': {
    log: ({ error }) => failure('Failed to store or load graceful shutdown state', { err: error }),
  },
};
