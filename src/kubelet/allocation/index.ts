import { join } from 'node:path';
import type { Pod, PodCondition } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AdmissionVerdict } from '../admission/index.ts';
import { podReference, uidOf } from '../pod-facts.ts';
import { fromApiTime } from '../times.ts';
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
  keepOnly(uids: ReadonlySet<string>): void;
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
}

const retryMs = 3 * 60_000;

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

  const generationOf = (pod: Pod): number => pod.metadata?.generation ?? 0;

  /** Answers whether the pod waits on. */
  async function resize(pod: Pod, trigger: string): Promise<boolean> {
    const uid = uidOf(pod);
    if (apply(pod) === pod) {
      conditions.clearPending(uid);
      return false;
    }
    const others = options
      .activePods()
      .filter((other) => uidOf(other) !== uid && granted.get(uidOf(other)) !== undefined);
    const verdict = await options.admitResize(pod, others.map(apply));
    const generation = generationOf(pod);
    const object = podReference(pod);
    if (verdict.admitted) {
      const waited = conditions.pending(uid)?.reason === 'Deferred';
      granted.set(uid, resourceInfoOf(pod));
      conditions.clearPending(uid);
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
    if (conditions.setPending(uid, reason, verdict.message, generation)) {
      const message = renderResizeMessage(reason, pod, generation, verdict.message);
      journal.write({ kind: 'resize.pending', object, reason, because: verdict.message, message });
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
      if (granted.get(uid) === undefined) return;
      if (apply(pod) === pod) {
        waiting.delete(uid);
        conditions.clearPending(uid);
        return;
      }
      waiting.add(uid);
      await retry('pod_updated');
    },
    adopt(pod) {
      conditions.adopt(uidOf(pod), pod.status?.conditions ?? []);
      if (apply(pod) !== pod) waiting.add(uidOf(pod));
    },
    retry,
    forget(uid) {
      granted.remove(uid);
      inForce.remove(uid);
      conditions.forget(uid);
      waiting.delete(uid);
      if (waiting.size > 0) void retry('pods_removed');
    },
    keepOnly(uids) {
      granted.keepOnly(uids);
      inForce.keepOnly(uids);
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
        await clock.sleep(retryMs, signal).catch(() => undefined);
        if (!signal.aborted) await retry('periodic_retry');
      }
    },
  };
}
