import type { Pod, PodStatus } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Allocations } from '../allocation/index.ts';
import type { ResourceStatus } from '../devices/index.ts';
import type { ObservedPod } from '../observed.ts';
import type { NodeFacts, PodCache, PodCatalog, PodCgroups, ProbeManager, StatusManager } from '../parts.ts';
import { configSeen, isStaticPod, logNameOf, mirroredStatus, podReference, uidOf } from '../pod-facts.ts';
import { computePodStatus } from '../status/index.ts';
import { fromApiTime } from '../times.ts';
import type { ExecutionOutcome, WaitingReason } from './execute.ts';
import type { StatusOverride } from './pod-sync.ts';

export interface PodStatusWriterOptions {
  readonly cache: Pick<PodCache, 'getNewerThan'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly statuses: StatusManager;
  readonly catalog: Pick<PodCatalog, 'mirrorOf'>;
  readonly probes: Pick<ProbeManager, 'readiness' | 'startup' | 'hastenReadiness'>;
  readonly cgroups: Pick<PodCgroups, 'current'>;
  readonly allocations: Pick<Allocations, 'inForce' | 'conditions'>;
  readonly facts: Pick<NodeFacts, 'hostIps'>;
  readonly startedAt: Instant;
  /** Whether the runtime can make all mounts below a read-only one read-only too; absent: it cannot. */
  readonly recursiveReadOnly?: (pod: Pod) => boolean;
  /** How a container's devices are; absent: nobody is to know. */
  readonly deviceHealthOf?: (pod: Pod, container: string) => readonly ResourceStatus[];
}

/** What a worker says of its pod. */
export interface PodStatusWriter {
  /** The status last stored, or the one that the API, or a static pod's mirror, has. */
  old(pod: Pod): PodStatus;
  /** `stopped`: its containers are stopped for good. */
  compute(pod: Pod, seen: ObservedPod, stopped: boolean): PodStatus;
  /** Why containers wait whose start failed is said until they start. */
  rememberStarts(uid: string, outcome: ExecutionOutcome): void;
  /** First times are measured from when the pod was first seen in its source. */
  measureStart(pod: Pod, before: PodStatus | undefined, now: PodStatus): void;
  /** Looks at the pod anew and says what is there, so that the API hears of it without waiting for the next sync. */
  refreshNewer(pod: Pod, newerThan: Instant, signal: AbortSignal): Promise<void>;
  /** Tells of a sandbox whose containers take their time, to pull images say; most run in a moment, and that tells of both. */
  refreshAfterSandbox(pod: Pod, signal: AbortSignal): Promise<void>;
  forget(uid: string): void;
}

/** After this a sandbox is told of though no container has started: most likely an image is being pulled. */
const sandboxReportMs = 2000;
const deadlineExceeded = 'DeadlineExceeded';

/** Computes statuses of pods and hands them to the status manager. */
export function podStatusWriter(options: PodStatusWriterOptions): PodStatusWriter {
  const { cache, clock, journal, statuses, probes, allocations } = options;
  const waiting = new Map<string, Map<string, WaitingReason>>();

  const oldStatus = (pod: Pod): PodStatus =>
    statuses.get(uidOf(pod)) ?? mirroredStatus(options.catalog.mirrorOf(pod), pod) ?? pod.status ?? {};

  function statusOf(pod: Pod, seen: ObservedPod, stopped: boolean): PodStatus {
    const old = oldStatus(pod);
    const status = computePodStatus({
      pod,
      seen,
      old,
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
      recursiveReadOnly: options.recursiveReadOnly?.(pod) ?? false,
      healthOf: (container) => options.deviceHealthOf?.(pod, container) ?? [],
    });
    // Whoever looks at the pod first after its deadline says so.
    if (status.reason === deadlineExceeded && old.reason !== deadlineExceeded)
      journal.write({ kind: 'pod.deadlineExceeded', object: podReference(pod) });
    hasten(uidOf(pod), status);
    return status;
  }

  /** What is not known to be ready yet is to be as soon as it can: a container that has just started, above all. */
  function hasten(uid: string, { initContainerStatuses = [], containerStatuses = [] }: PodStatus): void {
    for (const { name, state, started, ready } of [...initContainerStatuses, ...containerStatuses])
      if (state?.running !== undefined && started && !ready) probes.hastenReadiness(uid, name);
  }

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
    old: oldStatus,
    compute: statusOf,
    rememberStarts,
    measureStart,
    refreshNewer,
    refreshAfterSandbox,
    forget: (uid) => void waiting.delete(uid),
  };
}

/** The status of a pod whose end the kubelet itself decided. */
export function overrideStatus(status: PodStatus, { phase, reason, message, condition }: StatusOverride): PodStatus {
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition?.type);
  return {
    ...status,
    phase,
    reason,
    message,
    conditions: condition === undefined ? others : [condition, ...others],
  };
}
