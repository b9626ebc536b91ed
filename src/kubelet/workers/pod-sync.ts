import type { Pod, PodCondition } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import type { ObservedPod } from '../observed.ts';

/** What an eviction, or another end that the kubelet itself decided, says in the pod's status. */
export interface StatusOverride {
  readonly phase: 'Failed';
  readonly reason: string;
  readonly message: string;
  readonly condition?: PodCondition;
}

export interface SyncResult {
  /** The pod has ended by itself. */
  readonly terminal: boolean;
  /** When the last action was carried out: only what is seen later shows its effect. */
  readonly actedAt: Instant | undefined;
  /** Something did not work and is to be tried again. */
  readonly failed: boolean;
  readonly retryAt: Instant | undefined;
}

/** The four things a worker does with its pod. Each rejects when it is to be done again. */
export interface PodSync {
  sync(pod: Pod, seen: ObservedPod, signal: AbortSignal): Promise<SyncResult>;
  /** Stops all containers; resolves when none runs. */
  terminate(
    pod: Pod,
    seen: ObservedPod,
    graceSeconds: number,
    override: StatusOverride | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** Gives back volumes, cgroups and watches; after it the pod's object may go. */
  finish(pod: Pod, seen: ObservedPod, signal: AbortSignal): Promise<void>;
  killOrphan(seen: ObservedPod, signal: AbortSignal): Promise<void>;
}

export interface RunningPodSync extends PodSync {
  /** Computes the status anew from what was last seen: a probe's word has changed. */
  refreshStatus(pod: Pod): void;
  /** What the pod's volumes are made of has changed: the next sync sets them up anew. */
  volumesChanged(uid: string): void;
}
