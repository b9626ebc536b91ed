import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, PodCondition, PodStatus } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Allocations } from '../allocation/index.ts';
import { hashContainer } from '../containers/hash.ts';
import type { ObservedPod } from '../observed.ts';
import type {
  MountedVolumes,
  NodeFacts,
  PodCache,
  PodCatalog,
  PodCgroups,
  PodObjects,
  ProbeManager,
  RunnableContainer,
  RuntimeState,
  StatusManager,
  VolumeManager,
} from '../parts.ts';
import {
  configSeen,
  isHostNetwork,
  isStaticPod,
  isTerminalPhase,
  logNameOf,
  mirroredStatus,
  podReference,
  uidOf,
} from '../pod-facts.ts';
import { computePodStatus, isPastDeadline, isRestartingAll } from '../status/index.ts';
import { fromApiTime } from '../times.ts';
import { decidePodActions } from './decide.ts';
import { decideResize, type ResizeDecision } from './decide-resize.ts';
import type { Execute, ExecutionOutcome, WaitingReason } from './execute.ts';
import type { RestartBackoff } from './restart-backoff.ts';
import type { Terminator } from './termination.ts';
import { NetworkNotReady } from './worker.ts';

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

export interface PodSyncOptions {
  readonly cache: Pick<PodCache, 'get' | 'getNewerThan'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly statuses: StatusManager;
  readonly catalog: Pick<PodCatalog, 'mirrorOf'>;
  readonly probes: ProbeManager;
  readonly volumes: VolumeManager;
  readonly cgroups: Pick<PodCgroups, 'ensurePod' | 'removePod' | 'current'>;
  readonly allocations: Pick<Allocations, 'apply' | 'forget' | 'inForce' | 'noteProgress' | 'conditions'>;
  /** Absent when standalone. */
  readonly objects: Pick<PodObjects, 'register' | 'unregister'> | undefined;
  /** Makes the mirror of a static pod what it should be. */
  readonly ensureMirror: ((pod: Pod) => Promise<void>) | undefined;
  /** Resolves when the API's mirrors are known, or after a while: the API server may be down. Absent when standalone. */
  readonly mirrorsKnown: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly facts: Pick<NodeFacts, 'hostIps'>;
  readonly runtimeState: Pick<RuntimeState, 'networkError'>;
  readonly execute: Execute;
  readonly terminator: Terminator;
  readonly backoff: RestartBackoff;
  readonly rootDir: string;
  readonly startedAt: Instant;
}

export interface RunningPodSync extends PodSync {
  /** Computes the status anew from what was last seen: a probe's word has changed. */
  refreshStatus(pod: Pod): void;
  /** What the pod's volumes are made of has changed: the next sync sets them up anew. */
  volumesChanged(uid: string): void;
}

const orphanGraceSeconds = 1;
/** After this a sandbox is told of though no container has started: most likely an image is being pulled. */
const sandboxReportMs = 2000;
const mirrorRetryMs = 2000;
/** Shorter than the time between two syncs, so that each of those refreshes them. */
const volumesFreshMs = 45_000;

/** The key of a container's back-off: a new image starts from nothing. */
export const backoffKey = (pod: Pod, container: Pick<RunnableContainer, 'name' | 'image' | 'resources'>): string =>
  JSON.stringify([uidOf(pod), container.name, container.image, container.resources]);

/** Brings pods to what their specs say, and to their ends. */
export function createPodSync(options: PodSyncOptions): RunningPodSync {
  const { cache, clock, journal, statuses, probes, volumes, allocations } = options;
  const waiting = new Map<string, Map<string, WaitingReason>>();
  const mounts = new Map<string, { readonly pod: Pod; readonly at: Instant; readonly volumes: MountedVolumes }>();

  const oldStatus = (pod: Pod): PodStatus =>
    statuses.get(uidOf(pod)) ?? mirroredStatus(options.catalog.mirrorOf(pod), pod) ?? pod.status ?? {};

  const statusOf = (pod: Pod, seen: ObservedPod, stopped: boolean): PodStatus =>
    computePodStatus({
      pod,
      seen,
      old: oldStatus(pod),
      waitingReason: (container) => waiting.get(uidOf(pod))?.get(container),
      readiness: probes.readiness,
      startup: probes.startup,
      stopped,
      now: clock.now(),
      kubeletStartedAt: options.startedAt,
      hostIps: options.facts.hostIps(),
      resizing: allocations.conditions(uidOf(pod)),
      inForce: allocations.inForce(uidOf(pod)),
      cgroup: options.cgroups.current(pod),
    });

  function rememberStarts(uid: string, { starts }: ExecutionOutcome): void {
    const reasons = waiting.get(uid) ?? new Map<string, WaitingReason>();
    for (const [container, reason] of starts) {
      if (reason === undefined) reasons.delete(container);
      else reasons.set(container, reason);
    }
    waiting.set(uid, reasons);
  }

  /** First times are measured from when the pod was first seen in its source. */
  function measureStart(pod: Pod, before: PodStatus | undefined, now: PodStatus): void {
    const seenAt = fromApiTime(pod.metadata?.annotations?.[configSeen]);
    if (seenAt === undefined) return;
    const sinceSeenMs = clock.now() - seenAt;
    if (before === undefined) journal.write({ kind: 'pod.firstSynced', pod: logNameOf(pod), sinceSeenMs });
    if (before?.phase === 'Pending' && now.phase === 'Running') {
      const createdAt = isStaticPod(pod) ? undefined : fromApiTime(pod.metadata?.creationTimestamp);
      const sinceCreated = createdAt === undefined ? {} : { sinceCreatedMs: clock.now() - createdAt };
      journal.write({ kind: 'pod.running', pod: logNameOf(pod), sinceSeenMs, ...sinceCreated });
    }
  }

  async function ensureCgroup(pod: Pod): Promise<void> {
    try {
      await options.cgroups.ensurePod(pod);
    } catch (error) {
      journal.write({ kind: 'pod.cgroupFailed', object: podReference(pod), error: messageOf(error) });
      throw error;
    }
  }

  async function makeFolders(pod: Pod): Promise<void> {
    const root = join(options.rootDir, 'pods', uidOf(pod));
    try {
      await mkdir(root, { recursive: true, mode: 0o750 });
      await Promise.all(
        ['volumes', 'plugins'].map((name) => mkdir(join(root, name), { recursive: true, mode: 0o750 })),
      );
    } catch (error) {
      journal.write({ kind: 'pod.dirsFailed', object: podReference(pod), error: messageOf(error) });
      throw error;
    }
  }

  /** Volumes are set up anew for a new version of the pod, when their objects changed, and now and then. */
  async function mountVolumes(pod: Pod, signal: AbortSignal): Promise<MountedVolumes> {
    const before = mounts.get(uidOf(pod));
    if (before?.pod === pod && clock.now() - before.at < volumesFreshMs) return before.volumes;
    const at = clock.now();
    const mounted = await volumes.mount(pod, signal);
    mounts.set(uidOf(pod), { pod, at, volumes: mounted });
    return mounted;
  }

  function requireNetwork(pod: Pod): void {
    const error = isHostNetwork(pod) ? undefined : options.runtimeState.networkError();
    if (error === undefined) return;
    journal.write({ kind: 'pod.networkNotReady', object: podReference(pod), error });
    throw new NetworkNotReady(`network is not ready: ${error}`);
  }

  const decide = (pod: Pod, seen: ObservedPod, resize: ResizeDecision) =>
    decidePodActions(pod, seen, {
      now: clock.now(),
      hashOf: hashContainer,
      liveness: probes.liveness,
      startup: probes.startup,
      retryOf: (container, ended) =>
        ended.state === 'exited' ? options.backoff.retryOf(backoffKey(pod, container), ended.finishedAt) : undefined,
      restartingAll: isRestartingAll(pod, seen, oldStatus(pod)),
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
    const status = statusOf(pod, seen, false);
    if (status.reason === 'DeadlineExceeded' && before?.reason !== 'DeadlineExceeded') {
      journal.write({ kind: 'pod.deadlineExceeded', object: podReference(pod) });
    }
    statuses.set(pod, status);
    if (isTerminalPhase(status.phase)) return { terminal: true, actedAt: undefined, failed: false, retryAt: undefined };
    measureStart(pod, before, status);
    requireNetwork(pod);
    options.objects?.register(pod);
    const mirrored = isStaticPod(pod) ? options.ensureMirror?.(pod) : undefined;
    mirrored?.catch((error) =>
      journal.write({ kind: 'pod.cleanupFailed', what: 'mirror pod', error: messageOf(error) }),
    );
    await Promise.all([ensureCgroup(pod), makeFolders(pod)]);
    const mounted = await mountVolumes(pod, signal);
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
        onSandboxReady: () => void refreshAfterSandbox(pod, AbortSignal.any([signal, executed.signal])),
      })
      .finally(() => executed.abort());
    rememberStarts(uid, outcome);
    const actedAt = clock.now();
    if (outcome.acted || outcome.starts.size > 0) {
      if (outcome.acted) await refreshNewer(pod, actedAt, signal);
      else statuses.set(pod, statusOf(pod, seen, false));
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
    return isPastDeadline(pod, oldStatus(pod), clock.now()) ? undefined : startedAt + seconds * 1000;
  }

  /** Looks at the pod anew and says what is there, so that the API hears of it without waiting for the next sync. */
  async function refreshNewer(pod: Pod, newerThan: Instant, signal: AbortSignal): Promise<void> {
    const seen = await cache.getNewerThan(uidOf(pod), newerThan, signal);
    statuses.set(pod, statusOf(pod, seen, false));
  }

  /** Tells of a sandbox whose containers take their time, to pull images say; most run in a moment, and that tells of both. */
  async function refreshAfterSandbox(pod: Pod, signal: AbortSignal): Promise<void> {
    const readyAt = clock.now();
    await clock
      .sleep(sandboxReportMs, signal)
      .then(() => refreshNewer(pod, readyAt, signal))
      .catch(() => undefined);
  }

  return {
    sync,
    refreshStatus(wanted) {
      const pod = allocations.apply(wanted);
      const seen = cache.get(uidOf(pod));
      if (seen !== undefined && statuses.get(uidOf(pod)) !== undefined) statuses.set(pod, statusOf(pod, seen, false));
    },

    volumesChanged: (uid) => void mounts.delete(uid),

    async terminate(wanted, seen, graceSeconds, override, signal) {
      const pod = allocations.apply(wanted);
      const startedAt = clock.now();
      const withOverride = (status: PodStatus): PodStatus =>
        override === undefined ? status : overrideStatus(status, override);
      statuses.set(pod, withOverride(statusOf(pod, seen, false)));
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
      statuses.set(pod, withOverride(statusOf(pod, stopped, true)));
      journal.write({ kind: 'pod.stopped', pod: logNameOf(pod), ms: clock.now() - startedAt });
    },

    async finish(wanted, seen) {
      const pod = allocations.apply(wanted);
      statuses.set(pod, statusOf(pod, seen, true));
      await volumes.unmount(uidOf(pod));
      options.objects?.unregister(pod);
      await options.cgroups.removePod(pod);
      allocations.forget(uidOf(pod));
      waiting.delete(uidOf(pod));
      mounts.delete(uidOf(pod));
      statuses.podFinished(pod);
      journal.write({ kind: 'pod.finished', pod: logNameOf(pod), uid: uidOf(pod) });
    },

    async killOrphan(seen, signal) {
      journal.write({ kind: 'pod.orphanKilled', pod: `${seen.namespace}/${seen.name}`, uid: seen.uid });
      await options.terminator.stopPod(undefined, seen, { graceOverride: orphanGraceSeconds }, signal);
    },
  };
}

function overrideStatus(status: PodStatus, { phase, reason, message, condition }: StatusOverride): PodStatus {
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition?.type);
  return {
    ...status,
    phase,
    reason,
    message,
    conditions: condition === undefined ? others : [condition, ...others],
  };
}
