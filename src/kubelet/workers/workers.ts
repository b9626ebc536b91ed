import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ObservedPod } from '../observed.ts';
import type { PodCache } from '../parts.ts';
import { fullNameOf, isStaticPod, podReference, uidOf } from '../pod-facts.ts';
import type { PodSync, StatusOverride } from './pod-sync.ts';
import { PodWorker, type WorkerPhase } from './worker.ts';

/** How long the kubelet waits at least for an end that it has decided itself. */
const minimumKillSeconds = 10;

export interface KillOptions {
  readonly because: string;
  readonly graceOverride?: number;
  readonly status?: StatusOverride;
}

/** One worker for each pod, and what is known of all of them together. */
export interface PodWorkers {
  /** A pod of the sources, new or changed. */
  update(pod: Pod): void;
  /** Something was heard of the pod: look at it again. */
  wake(uid: string): void;
  /** Stops the pod for good; resolves when its containers have ended, or ought to have: an Event tells of that. */
  kill(uid: string, options: KillOptions): Promise<void>;
  /** Stops a pod that runs though no source has it. */
  killOrphan(seen: ObservedPod): void;
  phaseOf(uid: string): WorkerPhase | undefined;
  uids(): readonly string[];
  /** A container of the pod may still run. Without a worker: as long as it is not known what runs on the node. */
  couldHaveRunningContainers(uid: string): boolean;
  /** Forgets the finished whose pods are gone, or are wanted again. From the first call on, what runs is known. */
  forgetFinished(wanted: (uid: string) => boolean): void;
  /** Leaves every pod as it is. */
  abandon(): void;
}

export interface PodWorkersOptions {
  readonly sync: PodSync;
  readonly cache: PodCache;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly syncFrequencyMs: number;
}

/**
 * - A static pod starts only when the one of the same full name before it has finished.
 * - Of several that wait for a name, those that were removed meanwhile never start.
 */
export function createPodWorkers(options: PodWorkersOptions): PodWorkers {
  const { sync, cache, clock, journal, syncFrequencyMs } = options;
  const workers = new Map<string, PodWorker>();
  /** Full name → UID of the static pod that has started under it. */
  const startedStatic = new Map<string, string>();
  const terminationWaiters = new Map<string, (() => void)[]>();
  let runtimeKnown = false;

  function mayStart(pod: Pod): boolean {
    if (!isStaticPod(pod)) return true;
    const name = fullNameOf(pod);
    const holder = startedStatic.get(name);
    if (holder !== undefined && holder !== uidOf(pod)) return false;
    startedStatic.set(name, uidOf(pod));
    return true;
  }

  function onFinished(uid: string, pod: Pod | undefined): void {
    resolveWaiters(uid);
    if (pod === undefined || !isStaticPod(pod)) return;
    const name = fullNameOf(pod);
    if (startedStatic.get(name) === uid) startedStatic.delete(name);
    for (const worker of workers.values()) {
      if (worker.pod !== undefined && isStaticPod(worker.pod) && fullNameOf(worker.pod) === name) worker.wake();
    }
  }

  function resolveWaiters(uid: string): void {
    for (const resolve of terminationWaiters.get(uid) ?? []) resolve();
    terminationWaiters.delete(uid);
  }

  function create(uid: string, pod: Pod | undefined, orphan: ObservedPod | undefined): PodWorker {
    const worker: PodWorker = new PodWorker({
      uid,
      pod,
      orphan,
      sync,
      cache,
      clock,
      journal,
      syncFrequencyMs,
      mayStart: () => worker.pod === undefined || mayStart(worker.pod),
      onTerminated: () => resolveWaiters(uid),
      onFinished: () => onFinished(uid, worker.pod),
    });
    workers.set(uid, worker);
    return worker;
  }

  const stillHasContainers = ({ phase }: PodWorker): boolean => phase === 'syncing' || phase === 'terminating';

  return {
    update(pod) {
      const uid = uidOf(pod);
      const known = workers.get(uid);
      if (known !== undefined && known.phase !== 'syncing' && pod.metadata?.deletionTimestamp === undefined) {
        known.restartRequested = true;
      }
      (known ?? create(uid, pod, undefined)).wake(pod);
    },
    wake: (uid) => workers.get(uid)?.wake(),
    async kill(uid, { because, graceOverride, status }) {
      const worker = workers.get(uid);
      if (worker === undefined || !stillHasContainers(worker)) return;
      const ended = new Promise<void>((resolve) => {
        terminationWaiters.set(uid, [...(terminationWaiters.get(uid) ?? []), resolve]);
      });
      worker.terminate({
        because,
        ...(graceOverride === undefined ? {} : { graceOverride }),
        ...(status === undefined ? {} : { status }),
      });
      const overdue = Symbol('overdue');
      const grace = graceOverride ?? worker.pod?.spec?.terminationGracePeriodSeconds ?? 0;
      const seconds = Math.max(minimumKillSeconds, 1.5 * grace);
      const stop = new AbortController();
      const limit = clock.sleep(seconds * 1000, stop.signal).then(
        () => overdue,
        () => undefined,
      );
      if ((await Promise.race([ended, limit])) === overdue && status !== undefined && worker.pod !== undefined) {
        journal.write({ kind: 'pod.graceExceeded', object: podReference(worker.pod) });
      }
      stop.abort();
    },
    killOrphan(seen) {
      if (workers.has(seen.uid)) return;
      create(seen.uid, undefined, seen).terminate({ because: 'no source has it' });
    },
    phaseOf: (uid) => workers.get(uid)?.phase,
    uids: () => [...workers.keys()],
    couldHaveRunningContainers(uid) {
      const worker = workers.get(uid);
      return worker === undefined ? !runtimeKnown : stillHasContainers(worker);
    },
    forgetFinished(wanted) {
      runtimeKnown = true;
      for (const [uid, worker] of workers) {
        if (worker.phase === 'finished' && (worker.restartRequested || !wanted(uid))) workers.delete(uid);
      }
    },
    abandon() {
      for (const worker of workers.values()) worker.abandon();
    },
  };
}
