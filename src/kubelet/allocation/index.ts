import { join } from 'node:path';
import type { Pod, PodCondition } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AdmissionVerdict } from '../admission/index.ts';
import { logNameOf, podReference, uidOf } from '../pod-facts.ts';
import { fromApiTime } from '../times.ts';
import { findInfeasible, type ResizeRules } from './infeasible.ts';
import { asksTheSame, findRequestedChanges, priorityBucketOf } from './requested.ts';
import { ResizeConditions } from './resize-conditions.ts';
import { renderResizeMessage } from './resize-message.ts';
import { sortPendingResizes } from './resize-order.ts';
import { applyResourceInfo, type PodResourceInfo, resourceInfoOf } from './resource-state.ts';
import { openResourceStore, type ResourceStore } from './resource-store.ts';

export { type PodResourceInfo, sameRequirements } from './resource-state.ts';

/** What pods were granted, and what is in force of it. */
export interface Allocations {
  /** The pod as its worker is to see it: with what it was granted. The same object as long as neither changes. */
  apply(pod: Pod): Pod;
  /** Whether the node has taken the pod. */
  has(uid: string): boolean;
  /** The node takes the pod, with what `apply` answers for it. */
  admit(pod: Pod): void;
  /** The source has a new version of the pod, which may ask for something else. */
  podChanged(pod: Pod): Promise<void>;
  /** Takes over what the API says of the pod's resize; one that waits is looked at with the next `retry`. */
  adopt(pod: Pod): void;
  /** Looks at every resize that waits: something has changed. */
  retry(trigger: string): Promise<void>;
  forget(uid: string): void;
  /** Forgets pods that the node has no longer. */
  keepOnly(isHere: (uid: string) => boolean): void;
  /** What the containers and the pod's cgroup were last told. */
  inForce(uid: string): PodResourceInfo | undefined;
  setInForce(uid: string, info: PodResourceInfo): void;
  /** The worker has seen the pod: its resize is under way still, or done. */
  noteProgress(granted: Pod, underWay: boolean): void;
  noteFailure(granted: Pod, error: string): void;
  conditions(uid: string): readonly PodCondition[];
  /** Looks at resizes that wait now and then. */
  run(signal: AbortSignal): Promise<void>;
}

export interface AllocationsOptions {
  readonly rootDir: string;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Whether the node has room for the pod beside the others, which hold what they were granted. */
  readonly admitResize: (pod: Pod, others: readonly Pod[]) => Promise<AdmissionVerdict>;
  /** Pods that hold resources of the node. */
  readonly activePods: () => readonly Pod[];
  readonly podByUid: (uid: string) => Pod | undefined;
  /** Has the pod's worker look again. */
  readonly wake: (uid: string) => void;
  readonly sourcesReady: () => boolean;
  readonly rules: ResizeRules;
}

const retryMs = 3 * 60_000;
/** As long as not all sources are known, what waits from before a restart is looked at sooner. */
const firstRetryMs = 30_000;

/** Opens both checkpoints. Throws a KlabError when one is damaged. */
export function openAllocations(options: AllocationsOptions): Allocations {
  const { clock, journal } = options;
  const open = (name: string): ResourceStore => {
    const path = join(options.rootDir, name);
    return openResourceStore(path, (error) => journal.write({ kind: 'resize.storeFailed', path, error }));
  };
  const granted = open('allocated_pods_state');
  const inForce = open('actuated_pods_state');
  const conditions = new ResizeConditions(clock, () =>
    journal.write({ kind: 'resize.counted', ...conditions.counts() }),
  );
  let waiting = new Set<string>();
  /** What pods asked for last, where that was not granted. */
  const asked = new Map<string, PodResourceInfo>();
  let retrying: Promise<void> = Promise.resolve();

  /** By the pod as the source has it: what was granted then, and the pod with it. */
  const applied = new WeakMap<Pod, { readonly info: PodResourceInfo; readonly pod: Pod }>();
  function apply(pod: Pod): Pod {
    const info = granted.get(uidOf(pod));
    if (info === undefined) return pod;
    const before = applied.get(pod);
    if (before?.info === info) return before.pod;
    const result = applyResourceInfo(pod, info);
    applied.set(pod, { info, pod: result });
    return result;
  }

  const isGranted = (pod: Pod): boolean => granted.get(uidOf(pod)) !== undefined;
  const generationOf = (pod: Pod): number => pod.metadata?.generation ?? 0;

  const bucketOf = (pod: Pod | undefined): string => priorityBucketOf(pod && (pod.spec?.priority ?? 0));

  function endWait(uid: string, pod: Pod | undefined, resolution: 'accepted' | 'reverted' | 'terminated'): void {
    const before = conditions.clearPending(uid);
    const since = fromApiTime(before?.lastTransitionTime);
    if (before?.reason !== 'Deferred' || since === undefined) return;
    const seconds = (clock.now() - since) / 1000;
    journal.write({ kind: 'resize.waitEnded', resolution, bucket: bucketOf(pod), seconds });
  }

  async function admit(pod: Pod, granted: Pod): Promise<AdmissionVerdict & { readonly detail?: string }> {
    const infeasible = findInfeasible(pod, granted, options.rules);
    if (infeasible !== undefined) return { admitted: false, reason: 'Infeasible', ...infeasible };
    const others = options.activePods().filter((other) => uidOf(other) !== uidOf(pod) && isGranted(other));
    return options.admitResize(pod, others.map(apply));
  }

  /** Answers whether the pod waits on. */
  async function resize(pod: Pod, trigger: string): Promise<boolean> {
    const uid = uidOf(pod);
    const before = apply(pod);
    if (before === pod) {
      endWait(uid, pod, 'reverted');
      return false;
    }
    const verdict = await admit(pod, before);
    const generation = generationOf(pod);
    const object = podReference(pod);
    if (verdict.admitted) {
      const waited = conditions.pending(uid)?.reason === 'Deferred';
      granted.set(uid, resourceInfoOf(pod));
      asked.delete(uid);
      endWait(uid, pod, 'accepted');
      conditions.begin(uid, generation);
      journal.write({
        kind: 'resize.granted',
        object,
        trigger,
        waited,
        message: renderResizeMessage('started', pod, generation),
      });
      options.wake(uid);
      return false;
    }
    const reason = verdict.reason === 'Infeasible' ? 'Infeasible' : 'Deferred';
    const { message: because, detail } = verdict;
    if (conditions.setPending(uid, reason, because, generation, bucketOf(pod))) {
      const message = renderResizeMessage(reason, pod, generation, because);
      const why = detail === undefined ? {} : { detail };
      journal.write({ kind: 'resize.pending', object, reason, because, message, ...why });
      options.wake(uid);
    }
    return reason === 'Deferred';
  }

  async function retryAll(trigger: string): Promise<void> {
    if (waiting.size === 0 || !options.sourcesReady()) return;
    const pods = [...waiting].flatMap((uid) => options.podByUid(uid) ?? []);
    const order = sortPendingResizes(
      pods.map((pod) => ({
        wanted: pod,
        granted: apply(pod),
        since: fromApiTime(conditions.pending(uidOf(pod))?.lastTransitionTime),
      })),
    );
    const still = new Set<string>();
    for (const { wanted } of order) if (await resize(wanted, trigger)) still.add(uidOf(wanted));
    waiting = still;
  }

  /** One after another: two at once could grant the same room twice. */
  function retry(trigger: string): Promise<void> {
    retrying = retrying.then(() => retryAll(trigger));
    return retrying;
  }

  return {
    apply,
    has: (uid) => granted.get(uid) !== undefined,
    admit(pod) {
      const uid = uidOf(pod);
      if (granted.get(uid) === undefined) granted.set(uid, resourceInfoOf(pod));
      if (inForce.get(uid) === undefined) inForce.set(uid, resourceInfoOf(apply(pod)));
    },
    async podChanged(pod) {
      const uid = uidOf(pod);
      const before = asked.get(uid) ?? granted.get(uid);
      const now = resourceInfoOf(pod);
      if (before === undefined || asksTheSame(before, now)) return;
      journal.write({ kind: 'resize.requested', pod: logNameOf(pod), changes: findRequestedChanges(before, now) });
      if (apply(pod) === pod) {
        waiting.delete(uid);
        asked.delete(uid);
        endWait(uid, pod, 'reverted');
        return;
      }
      asked.set(uid, now);
      waiting.add(uid);
      await retry('pod_updated');
    },
    adopt(pod) {
      conditions.adopt(uidOf(pod), pod.status?.conditions ?? [], bucketOf(pod));
      if (apply(pod) === pod) return;
      waiting.add(uidOf(pod));
      asked.set(uidOf(pod), resourceInfoOf(pod));
    },
    retry,
    forget(uid) {
      granted.remove(uid);
      inForce.remove(uid);
      asked.delete(uid);
      endWait(uid, options.podByUid(uid), 'terminated');
      conditions.forget(uid);
      waiting.delete(uid);
      if (waiting.size > 0) void retry('pods_removed');
    },
    keepOnly(isHere) {
      granted.keepOnly(isHere);
      inForce.keepOnly(isHere);
    },
    inForce: (uid) => inForce.get(uid),
    setInForce: (uid, info) => inForce.set(uid, info),
    noteProgress(pod, underWay) {
      const uid = uidOf(pod);
      if (underWay) return conditions.keepGoing(uid, generationOf(pod));
      const generation = conditions.finish(uid);
      if (generation === undefined) return;
      const message = renderResizeMessage('completed', pod, generation);
      journal.write({ kind: 'resize.completed', object: podReference(pod), message });
      if (waiting.size > 0) void retry('pod_resized');
    },
    noteFailure(pod, error) {
      const generation = conditions.fail(uidOf(pod), error, generationOf(pod));
      if (generation === undefined) return;
      const message = renderResizeMessage('error', pod, generation, error);
      journal.write({ kind: 'resize.failed', object: podReference(pod), message, error });
    },
    conditions: (uid) => conditions.list(uid),
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(options.sourcesReady() ? retryMs : firstRetryMs, signal).catch(() => undefined);
        if (!signal.aborted) await retry('periodic_retry');
      }
    },
  };
}
