import type { Pod, PodStatus } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Allocations } from '../allocation/index.ts';
import { hashContainer } from '../containers/hash.ts';
import type { ObservedPod } from '../observed.ts';
import type { PodCache, PodCgroups, PodObjects, ProbeManager, RunnableContainer } from '../parts.ts';
import { isStaticPod, isTerminalPhase, logNameOf, podReference, uidOf } from '../pod-facts.ts';
import { isPastDeadline, isRestartingAll } from '../status/index.ts';
import { fromApiTime } from '../times.ts';
import { releaseUsers } from '../user-namespaces/index.ts';
import { decidePodActions } from './decide.ts';
import { decideResize, type ResizeDecision } from './decide-resize.ts';
import type { Execute, ExecutionOutcome } from './execute.ts';
import { type PodPreparationOptions, podPreparation } from './pod-preparation.ts';
import { overrideStatus, type PodStatusWriterOptions, podStatusWriter } from './pod-status-writer.ts';
import type { RunningPodSync, SyncResult } from './pod-sync.ts';
import type { RestartBackoff } from './restart-backoff.ts';
import type { Terminator } from './termination.ts';

export interface PodSyncOptions extends PodStatusWriterOptions, PodPreparationOptions {
  readonly cache: Pick<PodCache, 'get' | 'getNewerThan'>;
  readonly probes: ProbeManager;
  readonly cgroups: Pick<PodCgroups, 'ensurePod' | 'exists' | 'removePod' | 'current'>;
  readonly allocations: Pick<Allocations, 'apply' | 'forget' | 'inForce' | 'noteProgress' | 'conditions'>;
  /** Absent when standalone. */
  readonly objects: Pick<PodObjects, 'register' | 'unregister'> | undefined;
  /** Makes the mirror of a static pod what it should be. */
  readonly ensureMirror: ((pod: Pod) => Promise<void>) | undefined;
  /** Resolves when the API's mirrors are known, or after a while: the API server may be down. Absent when standalone. */
  readonly mirrorsKnown: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly execute: Execute;
  /** Gives back what drivers made ready for the pod. Rejects with what is left undone. */
  readonly unprepareClaims: (podUid: string) => Promise<void>;
  readonly terminator: Terminator;
  readonly backoff: RestartBackoff;
}

const orphanGraceSeconds = 1;
const mirrorRetryMs = 2000;

/** The key of a container's back-off: a new image starts from nothing. */
export const backoffKey = (pod: Pod, container: Pick<RunnableContainer, 'name' | 'image' | 'resources'>): string =>
  JSON.stringify([uidOf(pod), container.name, container.image, container.resources]);

/** Brings pods to what their specs say, and to their ends. */
export function createPodSync(options: PodSyncOptions): RunningPodSync {
  const { cache, clock, journal, statuses, probes, volumes, allocations } = options;
  const writer = podStatusWriter(options);
  const preparation = podPreparation(options);

  const decide = (pod: Pod, seen: ObservedPod, resize: ResizeDecision) =>
    decidePodActions(pod, seen, {
      now: clock.now(),
      hashOf: hashContainer,
      liveness: probes.liveness,
      startup: probes.startup,
      retryOf: (container, ended) =>
        ended.state === 'exited' ? options.backoff.retryOf(backoffKey(pod, container), ended.finishedAt) : undefined,
      restartingAll: isRestartingAll(pod, seen, writer.old(pod)),
      resize,
    });

  async function sync(wanted: Pod, seen: ObservedPod, signal: AbortSignal): Promise<SyncResult> {
    const pod = allocations.apply(wanted);
    const uid = uidOf(pod);
    const startedAt = clock.now();
    const before = statuses.get(uid);
    // A static pod that already runs keeps the readiness it had, which only its mirror tells after a restart.
    const adopted =
      before === undefined && isStaticPod(pod) && seen.containers.some(({ state }) => state === 'running');
    if (adopted) await options.mirrorsKnown?.(signal);
    const resize = decideResize(pod, seen, allocations.inForce(uid));
    allocations.noteProgress(pod, resize.underWay);
    const status = writer.compute(pod, seen, false);
    statuses.set(pod, status);
    if (isTerminalPhase(status.phase)) return { terminal: true, actedAt: undefined, failed: false, retryAt: undefined };
    writer.measureStart(pod, before, status);
    preparation.requireNetwork(pod);
    options.objects?.register(pod);
    const mirrored = isStaticPod(pod) ? options.ensureMirror?.(pod) : undefined;
    mirrored?.catch((error) =>
      journal.write({ kind: 'pod.cleanupFailed', what: 'mirror pod', error: messageOf(error) }),
    );
    if (runsOutsideOfItsCgroup(pod, seen)) return restart(pod, seen, signal);
    const mounted = await preparation.prepare(pod, signal);
    probes.addPod(pod);

    const actions = decide(pod, seen, resize);
    if (actions.length > 0) journal.write({ kind: 'pod.decided', pod: logNameOf(pod), actions });
    const executed = new AbortController();
    const outcome = await options
      .execute({
        pod,
        seen,
        actions,
        volumes: mounted,
        signal,
        onSandboxReady: () => void writer.refreshAfterSandbox(pod, AbortSignal.any([signal, executed.signal])),
      })
      .finally(() => executed.abort());
    writer.rememberStarts(uid, outcome);
    const actedAt = clock.now();
    if (outcome.acted || outcome.starts.size > 0) {
      if (outcome.acted) await writer.refreshNewer(pod, actedAt, signal);
      else statuses.set(pod, writer.compute(pod, seen, false));
    }
    journal.write({
      kind: 'pod.synced',
      pod: logNameOf(pod),
      uid,
      ms: clock.now() - startedAt,
      phase: statuses.get(uid)?.phase ?? '',
    });
    // Nothing that the PLEG sees could tell of its end, so the pod is looked at again at once.
    const cleared =
      actions.some(({ kind }) => kind === 'resetContainer' || kind === 'resizePod') && outcome.error === undefined;
    const result = resultOf(pod, outcome, actedAt);
    return cleared ? { ...result, retryAt: clock.now() } : result;
  }

  /** Its containers were started by a kubelet that kept cgroups elsewhere: where they are, no limit of the pod holds. */
  const runsOutsideOfItsCgroup = (pod: Pod, seen: ObservedPod): boolean =>
    seen.containers.some(({ state }) => state === 'running') && !options.cgroups.exists(pod);

  /** Stops everything once; the next sync, which begins at once, starts it in its place. */
  async function restart(pod: Pod, seen: ObservedPod, signal: AbortSignal): Promise<SyncResult> {
    journal.write({ kind: 'pod.cgroupMissing', pod: logNameOf(pod) });
    await options.terminator.stopPod(pod, seen, {}, signal);
    return { terminal: false, actedAt: clock.now(), failed: false, retryAt: clock.now() };
  }

  function resultOf(pod: Pod, outcome: ExecutionOutcome, actedAt: Instant): SyncResult {
    const failures = [...outcome.starts].flatMap(([container, reason]) =>
      reason === undefined
        ? []
        : [`failed to "StartContainer" for "${container}" with ${reason.reason}: ${JSON.stringify(reason.message)}`],
    );
    const errors = outcome.error === undefined ? failures : [...failures, outcome.error];
    if (errors.length > 0) {
      const error = errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`;
      journal.write({ kind: 'pod.syncFailed', pod: logNameOf(pod), uid: uidOf(pod), error });
    }
    const due = [outcome.retryAt, deadlineOf(pod), mirrorRetryOf(pod)].filter((at) => at !== undefined);
    return {
      terminal: false,
      actedAt: outcome.acted ? actedAt : undefined,
      failed: errors.length > 0,
      retryAt: due.length > 0 ? Math.min(...due) : undefined,
    };
  }

  /** A mirror that could not be made (the API server is young, say) is tried for again soon. */
  const mirrorRetryOf = (pod: Pod): Instant | undefined =>
    isStaticPod(pod) && options.ensureMirror !== undefined && options.catalog.mirrorOf(pod) === undefined
      ? clock.now() + mirrorRetryMs
      : undefined;

  function deadlineOf(pod: Pod): Instant | undefined {
    const seconds = pod.spec?.activeDeadlineSeconds;
    const startedAt = fromApiTime(statuses.get(uidOf(pod))?.startTime);
    if (seconds === undefined || startedAt === undefined) return undefined;
    return isPastDeadline(pod, writer.old(pod), clock.now()) ? undefined : startedAt + seconds * 1000;
  }

  return {
    sync,
    refreshStatus(wanted) {
      const pod = allocations.apply(wanted);
      const seen = cache.get(uidOf(pod));
      if (seen !== undefined && statuses.get(uidOf(pod)) !== undefined)
        statuses.set(pod, writer.compute(pod, seen, false));
    },

    volumesChanged: preparation.volumesChanged,

    async terminate(wanted, seen, graceSeconds, override, signal) {
      const pod = allocations.apply(wanted);
      const startedAt = clock.now();
      const withOverride = (status: PodStatus): PodStatus =>
        override === undefined ? status : overrideStatus(status, override);
      statuses.set(pod, withOverride(writer.compute(pod, seen, false)));
      probes.stopLivenessAndStartup(pod);
      try {
        await options.terminator.stopPod(pod, seen, { graceOverride: graceSeconds }, signal);
      } catch (error) {
        if (!signal.aborted)
          journal.write({ kind: 'pod.killFailed', object: podReference(pod), error: messageOf(error) });
        throw error;
      }
      probes.removePod(uidOf(pod));
      const stopped = await cache.getNewerThan(uidOf(pod), clock.now(), signal);
      const running = stopped.containers.filter(({ state }) => state === 'running');
      if (running.length > 0) {
        throw new Error(
          `detected running containers after a successful KillPod: ${running.map(({ id }) => id).join(' ')}`,
        );
      }
      // Before the API hears of the end: then others may be given what the pod had.
      await options.unprepareClaims(uidOf(pod));
      statuses.set(pod, withOverride(writer.compute(pod, stopped, true)));
      journal.write({ kind: 'pod.stopped', pod: logNameOf(pod), ms: clock.now() - startedAt });
    },

    async finish(wanted, seen) {
      const pod = allocations.apply(wanted);
      statuses.set(pod, writer.compute(pod, seen, true));
      await volumes.unmount(uidOf(pod));
      options.objects?.unregister(pod);
      await options.cgroups.removePod(pod);
      await releaseUsers(options.rootDir, uidOf(pod));
      allocations.forget(uidOf(pod));
      writer.forget(uidOf(pod));
      preparation.volumesChanged(uidOf(pod));
      statuses.podFinished(pod);
      journal.write({ kind: 'pod.finished', pod: logNameOf(pod), uid: uidOf(pod) });
    },

    async killOrphan(seen, signal) {
      journal.write({ kind: 'pod.orphanKilled', pod: `${seen.namespace}/${seen.name}`, uid: seen.uid });
      await options.terminator.stopPod(undefined, seen, { graceOverride: orphanGraceSeconds }, signal);
    },
  };
}
