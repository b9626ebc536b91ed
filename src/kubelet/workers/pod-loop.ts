import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AdmissionVerdict } from '../admission/index.ts';
import type { Allocations } from '../allocation/index.ts';
import type { ObservedPod } from '../observed.ts';
import type { PodCatalog, ProbeManager, RuntimeState } from '../parts.ts';
import type { Pleg } from '../pleg/index.ts';
import {
  fullNameOf,
  isMirrorPod,
  isStaticPod,
  isTerminalPhase,
  logNameOf,
  nameOf,
  namespaceOf,
  podReference,
  uidOf,
} from '../pod-facts.ts';
import { type RunningStatusManager, readinessIsStale, rejectedStatus } from '../status/index.ts';
import type { RunningPodSync } from './pod-sync.ts';
import type { PodWorkers } from './workers.ts';

/** What the sources tell of pods that came, changed and went. */
export interface PodChange {
  readonly operation: 'ADD' | 'UPDATE' | 'REMOVE' | 'DELETE' | 'RECONCILE';
  readonly source: string;
  readonly pods: readonly Pod[];
}

export interface PodLoopOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly catalog: PodCatalog;
  readonly workers: PodWorkers;
  readonly sync: RunningPodSync;
  readonly statuses: RunningStatusManager;
  readonly pleg: Pleg;
  readonly probes: ProbeManager;
  readonly runtimeState: Pick<RuntimeState, 'runtimeErrors'>;
  readonly allocations: Pick<Allocations, 'apply' | 'admit' | 'adopt' | 'podChanged' | 'retry'>;
  /** Whether the node takes the pod, beside those it has. */
  readonly admit: (pod: Pod, others: readonly Pod[]) => Promise<AdmissionVerdict>;
  readonly housekeep: () => Promise<void>;
  readonly sourcesReady: () => boolean;
}

export interface PodLoop {
  handle(change: PodChange): void;
  run(signal: AbortSignal): Promise<void>;
  /** The pods that hold resources of the node (not rejected, not finished), with what they were granted. */
  activePods(): readonly Pod[];
}

const housekeepingMs = 2000;
const firstErrorPauseMs = 100;
const maxErrorPauseMs = 5000;

/** Where everything that is heard about pods comes together, and is handed to their workers. */
export function createPodLoop(options: PodLoopOptions): PodLoop {
  const { clock, journal, catalog, workers, statuses, pleg, probes, allocations } = options;
  let queue: PodChange[] = [];
  /** Pods that are still to be admitted: nobody starts them before. */
  const toBeAdmitted = new Set<string>();
  let draining = false;
  let stopped = false;

  const isActive = (pod: Pod): boolean => {
    const phase = workers.phaseOf(uidOf(pod));
    if (phase === 'syncing') return true;
    // What had ended under the kubelet before this one is still cleaned up after, but holds nothing of the node.
    if (phase === 'terminating') return !isTerminalPhase(pod.status?.phase) || runs(pleg.get(uidOf(pod)));
    if (phase !== undefined) return false;
    return !isTerminalPhase(statuses.get(uidOf(pod))?.phase) && !isTerminalPhase(pod.status?.phase);
  };
  const activePods = (): readonly Pod[] =>
    catalog.pods().flatMap((pod) => (!isMirrorPod(pod) && isActive(pod) ? [allocations.apply(pod)] : []));

  /** Nothing is begun while the runtime does not answer; what was begun goes on. */
  async function whenHealthy(): Promise<void> {
    let pause = firstErrorPauseMs;
    for (;;) {
      const errors = options.runtimeState.runtimeErrors();
      if (errors.length === 0 || stopped) return;
      journal.write({ kind: 'pod.syncSkipped', errors });
      await clock.sleep(pause);
      pause = Math.min(maxErrorPauseMs, pause * 2);
    }
  }

  async function drain(): Promise<void> {
    if (draining) return;
    draining = true;
    try {
      while (queue.length > 0 && !stopped) {
        await whenHealthy();
        const changes = queue;
        queue = [];
        for (const change of changes) await apply(change);
      }
    } finally {
      draining = false;
    }
  }

  async function apply({ operation, source, pods }: PodChange): Promise<void> {
    if (pods.length > 0) journal.write({ kind: 'pod.changed', operation, source, pods: pods.map(logNameOf) });
    for (const pod of [...pods].sort(byCreation)) {
      if (isMirrorPod(pod)) {
        wakeStaticOf(pod);
        continue;
      }
      switch (operation) {
        case 'ADD':
          await add(pod).finally(() => toBeAdmitted.delete(uidOf(pod)));
          break;
        case 'UPDATE':
        case 'DELETE':
          if (operation === 'UPDATE') await allocations.podChanged(pod);
          workers.update(pod);
          statuses.podChanged(pod);
          break;
        case 'REMOVE':
          void workers.kill(uidOf(pod), { because: 'it was removed from its source' });
          break;
        case 'RECONCILE':
          if (readinessIsStale(pod)) workers.update(pod);
          statuses.podChanged(pod);
          break;
      }
    }
    if (operation === 'ADD') await allocations.retry('pods_added');
  }

  function wakeStaticOf(mirror: Pod): void {
    const pod = catalog.byFullName(namespaceOf(mirror), nameOf(mirror));
    if (pod === undefined || isMirrorPod(pod) || fullNameOf(pod) !== fullNameOf(mirror)) return;
    statuses.podChanged(pod);
    workers.wake(uidOf(pod));
  }

  async function add(pod: Pod): Promise<void> {
    const uid = uidOf(pod);
    const settled = isTerminalPhase(pod.status?.phase) || pod.metadata?.deletionTimestamp !== undefined;
    if (!settled && workers.phaseOf(uid) === undefined) {
      // Those of the same batch count only once they were admitted, or each would keep the other out.
      const others = activePods().filter((other) => workers.phaseOf(uidOf(other)) !== undefined);
      const verdict = await options.admit(allocations.apply(pod), others);
      if (!verdict.admitted) {
        reject(pod, verdict.reason, verdict.message);
        return;
      }
      allocations.admit(pod);
      allocations.adopt(pod);
    }
    workers.update(pod);
  }

  function reject(pod: Pod, reason: string, message: string): void {
    journal.write({ kind: 'pod.rejected', object: podReference(pod), reason, message });
    statuses.set(pod, rejectedStatus(pod, reason, message));
  }

  /** Pods of the sources that ought to have a worker and have none. */
  function wakeWorkerless(): void {
    for (const pod of catalog.pods()) {
      const uid = uidOf(pod);
      if (isMirrorPod(pod) || toBeAdmitted.has(uid) || workers.phaseOf(uid) !== undefined) continue;
      const deleted = pod.metadata?.deletionTimestamp !== undefined;
      const ended = isTerminalPhase(statuses.get(uid)?.phase) || isTerminalPhase(pod.status?.phase);
      // A pod that ran under the kubelet before this one and was refused by this one is still to be stopped.
      if (!deleted && !ended) journal.write({ kind: 'pod.restarted', uid, isStatic: isStaticPod(pod) });
      if (deleted || !ended || runs(pleg.get(uid))) workers.update(pod);
    }
  }

  const runs = (seen: ObservedPod | undefined): boolean =>
    seen !== undefined &&
    (seen.containers.some(({ state }) => state === 'running') || seen.sandboxes.some(({ ready }) => ready));

  /** Pods that run although no source has them. */
  function killOrphans(): void {
    for (const seen of pleg.all()) {
      if (catalog.byUid(seen.uid) !== undefined || workers.phaseOf(seen.uid) !== undefined) continue;
      if (runs(seen)) workers.killOrphan(seen);
    }
  }

  async function housekeep(): Promise<void> {
    const startedAt = clock.now();
    workers.forgetFinished((uid) => catalog.byUid(uid) !== undefined);
    for (const uid of statuses.uids()) {
      if (catalog.byUid(uid) === undefined && workers.phaseOf(uid) === undefined) statuses.forget(uid);
    }
    wakeWorkerless();
    killOrphans();
    await options.housekeep();
    journal.write({ kind: 'pod.housekept', ms: clock.now() - startedAt });
  }

  pleg.onEvents((events) => {
    const [first] = events;
    if (first !== undefined && events.some(({ type }) => type !== 'ContainerRemoved')) workers.wake(first.uid);
  });
  probes.onChange((uid, kind) => {
    const pod = catalog.byUid(uid);
    if (pod !== undefined && kind !== 'liveness') options.sync.refreshStatus(pod);
    workers.wake(uid);
  });

  return {
    activePods,
    handle(change) {
      if (change.operation === 'ADD')
        for (const pod of change.pods) if (!isMirrorPod(pod)) toBeAdmitted.add(uidOf(pod));
      queue.push(change);
      void drain();
    },
    async run(signal) {
      signal.addEventListener('abort', () => {
        stopped = true;
        workers.abandon();
      });
      while (!signal.aborted) {
        await clock.sleep(housekeepingMs, signal).catch(() => undefined);
        const healthy = options.runtimeState.runtimeErrors().length === 0 && pleg.problem() === undefined;
        if (!signal.aborted && healthy && options.sourcesReady()) await housekeep();
      }
    },
  };
}

const byCreation = (a: Pod, b: Pod): number =>
  (a.metadata?.creationTimestamp ?? '').localeCompare(b.metadata?.creationTimestamp ?? '');
