import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Pod, PodStatus } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodCatalog, StatusManager } from '../parts.ts';
import {
  isMirrorPod,
  isStaticPod,
  isTerminalPhase,
  logNameOf,
  mirroredStatus,
  nameOf,
  namespaceOf,
  uidOf,
} from '../pod-facts.ts';
import { decideStatusDelay } from './delay.ts';
import { finalStatus } from './final-status.ts';
import { normalizeStatus } from './normalize.ts';
import { computeStatusPatch, mergeStatus } from './patch.ts';
import { findIllegalTransition } from './transitions.ts';

export interface StatusManagerOptions {
  /** Absent when standalone: statuses are then only kept. */
  readonly api: KubeApi | undefined;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly catalog: PodCatalog;
  /** Whether a container of the pod may still run, as far as its worker knows. */
  readonly couldHaveRunningContainers: (uid: string) => boolean;
}

export interface RunningStatusManager extends StatusManager {
  /** Sends what could not be sent, and undoes what others wrote over it, every ten seconds. */
  run(signal: AbortSignal): Promise<void>;
  /** The API's copy of the pod (of a static pod: its mirror) has changed: its deletion may be due, or its first status. */
  podChanged(pod: Pod): void;
  /** UIDs with a status. */
  uids(): readonly string[];
}

interface Entry {
  readonly pod: Pod;
  readonly status: PodStatus;
  readonly version: number;
  readonly finished: boolean;
  readonly changedAt: Instant;
}

interface Sent {
  readonly version: number;
  /** The object it was sent to: a static pod's mirror may be made anew. */
  readonly objectUid: string;
  readonly at: Instant;
  /** The API's status after our last write. */
  readonly status: PodStatus;
}

const fullCheckMs = 10_000;

/**
 * The statuses of the node's pods, and their way to the API.
 * - One request at a time for each pod; what changed meanwhile goes with the next.
 * - Nothing is sent when the API has it already.
 * - What nobody waits for is kept for a moment, and goes with what follows.
 * - A pod's object is deleted only when its worker has finished and the API has a terminal phase.
 */
export function createStatusManager(options: StatusManagerOptions): RunningStatusManager {
  const { api, clock, journal, catalog } = options;
  const entries = new Map<string, Entry>();
  const sent = new Map<string, Sent>();
  const sending = new Map<string, { again: boolean }>();
  /** The watch shows an object a few times more before it is gone: its end is asked for once. */
  const deletedAt = new Map<string, Instant>();
  /** What is to be sent in a moment, and how to call that off. */
  const kept = new Map<string, AbortController>();

  function store(pod: Pod, status: PodStatus, finished: boolean): void {
    const uid = uidOf(pod);
    const cached = entries.get(uid);
    const old = cached?.status ?? mirroredStatus(catalog.mirrorOf(pod), pod) ?? pod.status ?? {};
    const illegal = findIllegalTransition(pod, old, status);
    if (illegal !== undefined) {
      journal.write({ kind: 'pod.illegalStatus', pod: logNameOf(pod), problem: illegal });
      return;
    }
    const normalized = normalizeStatus(pod, status, old, clock.now());
    const done = finished || cached?.finished === true;
    if (cached !== undefined && done === cached.finished && isDeepStrictEqual(normalized, cached.status)) {
      entries.set(uid, { ...cached, pod });
      return;
    }
    const version = (cached?.version ?? 0) + 1;
    entries.set(uid, { pod, status: normalized, version, finished: done, changedAt: clock.now() });
    const deleted = pod.metadata?.deletionTimestamp !== undefined;
    const delayMs = decideStatusDelay({ before: old, after: normalized, deleted, finished: done });
    if (delayMs === 0) send(uid);
    else sendSoon(uid, delayMs);
  }

  function sendSoon(uid: string, delayMs: number): void {
    if (api === undefined || kept.has(uid)) return;
    const calledOff = new AbortController();
    kept.set(uid, calledOff);
    clock.sleep(delayMs, calledOff.signal).then(
      () => send(uid),
      () => undefined,
    );
  }

  function callOff(uid: string): void {
    kept.get(uid)?.abort();
    kept.delete(uid);
  }

  /** Starts sending, or asks the request under way to be followed by another. */
  function send(uid: string): void {
    if (api === undefined) return;
    callOff(uid);
    const running = sending.get(uid);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const state = { again: false };
    sending.set(uid, state);
    void sendOnce(api, uid)
      .catch((error) => {
        const entry = entries.get(uid);
        journal.write({ kind: 'pod.statusFailed', pod: entry ? logNameOf(entry.pod) : uid, error: messageOf(error) });
      })
      .finally(() => {
        sending.delete(uid);
        if (state.again) send(uid);
      });
  }

  /** The object whose status this is: for a static pod its mirror. */
  function objectOf(pod: Pod): Pod | undefined {
    const latest = catalog.byUid(uidOf(pod)) ?? pod;
    return isStaticPod(pod) ? catalog.mirrorOf(latest) : latest;
  }

  async function sendOnce(kube: KubeApi, uid: string): Promise<void> {
    const entry = entries.get(uid);
    const object = entry && objectOf(entry.pod);
    if (entry === undefined || object === undefined) return;
    const base = freshest(uid, object);
    const merged = mergeStatus(base, entry.status, options.couldHaveRunningContainers(uid));
    const patch = computeStatusPatch(base, merged);
    const path = `/api/v1/namespaces/${namespaceOf(object)}/pods/${nameOf(object)}`;
    let status = base;
    if (patch !== undefined) {
      const body = { metadata: { uid: uidOf(object) }, status: patch };
      try {
        const updated = await kube.patch<Pod>(`${path}/status`, 'strategic-merge', body);
        status = updated.status ?? merged;
      } catch (error) {
        // Gone, or gone and made anew under the same name: this status is nobody's now.
        if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return;
        throw error;
      }
      const ms = clock.now() - entry.changedAt;
      journal.write({ kind: 'pod.statusPatched', pod: logNameOf(object), uid, patch: JSON.stringify(body), ms });
    }
    sent.set(uid, { version: entry.version, objectUid: uidOf(object), at: clock.now(), status });
    if (mayBeDeleted(object, status, entry)) await deletePod(kube, object, path);
  }

  const freshest = (uid: string, object: Pod): PodStatus => {
    const last = sent.get(uid);
    // The watch lags behind our own writes for a moment; after that it knows more.
    const isOurs = last?.objectUid === uidOf(object) && clock.now() - last.at < fullCheckMs / 2;
    return isOurs ? last.status : (object.status ?? {});
  };

  const mayBeDeleted = (object: Pod, status: PodStatus, { finished }: Entry): boolean =>
    object.metadata?.deletionTimestamp !== undefined &&
    !isMirrorPod(object) &&
    isTerminalPhase(status.phase) &&
    finished &&
    clock.now() - (deletedAt.get(uidOf(object)) ?? Number.NEGATIVE_INFINITY) >= fullCheckMs;

  async function deletePod(kube: KubeApi, object: Pod, path: string): Promise<void> {
    const pod = logNameOf(object);
    const uid = uidOf(object);
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
    deletedAt.set(uid, clock.now());
    try {
      await kube.delete(path, body);
      journal.write({ kind: 'pod.deleted', pod, uid });
    } catch (error) {
      if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return;
      journal.write({ kind: 'pod.deleteFailed', pod, error: messageOf(error) });
      sent.delete(uid);
      deletedAt.delete(uid);
    }
  }

  function checkAll(): void {
    for (const [uid, entry] of entries) {
      const last = sent.get(uid);
      if (last === undefined || last.version < entry.version || isOverwritten(uid, entry, last)) send(uid);
    }
  }

  /** Someone else has written over the kubelet's part. */
  function isOverwritten(uid: string, entry: Entry, last: Sent): boolean {
    const object = objectOf(entry.pod);
    if (object === undefined) return false;
    if (last.objectUid !== uidOf(object)) return true;
    if (clock.now() - last.at < fullCheckMs / 2) return false;
    const base = object.status ?? {};
    if (mayBeDeleted(object, base, entry)) return true;
    return (
      computeStatusPatch(base, mergeStatus(base, entry.status, options.couldHaveRunningContainers(uid))) !== undefined
    );
  }

  return {
    get: (uid) => entries.get(uid)?.status,
    uids: () => [...entries.keys()],
    set: (pod, status) => store(pod, status, false),
    podFinished(pod) {
      const status = entries.get(uidOf(pod))?.status ?? pod.status ?? {};
      store(pod, finalStatus(pod, status), true);
    },
    podChanged(pod) {
      const uid = uidOf(pod);
      const entry = entries.get(uid);
      if (entry === undefined) return;
      const object = objectOf(entry.pod);
      const isNew = object !== undefined && sent.get(uid)?.objectUid !== uidOf(object);
      if (isNew || (entry.finished && pod.metadata?.deletionTimestamp !== undefined)) send(uid);
    },
    forget(uid) {
      callOff(uid);
      deletedAt.delete(uid);
      entries.delete(uid);
      sent.delete(uid);
    },
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(fullCheckMs, signal).catch(() => undefined);
        if (!signal.aborted) checkAll();
      }
    },
  };
}
