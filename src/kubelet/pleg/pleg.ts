import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import {
  type Container,
  type ContainerEventResponse,
  CriError,
  type CriRuntime,
  type PodSandbox,
} from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { labels } from '../containers/labels.ts';
import { formatGoDuration } from '../go-duration.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../observed.ts';
import type { PodCache } from '../parts.ts';
import { computeEvents, type PodLifecycleEvent } from './events.ts';
import { groupByPod, type Listed, matches, sandboxReadyState, there } from './listed.ts';
import { containerStateName, observeContainer, observePod, observeSandbox } from './observe.ts';
import { readTerminationMessage } from './termination-message.ts';

export interface Pleg extends PodCache {
  /** Called with what happened to one pod, after the cache has it. */
  onEvents(listener: (events: readonly PodLifecycleEvent[]) => void): void;
  /** Why the node is not healthy, in upstream's words; undefined while it is. */
  problem(): string | undefined;
  /** Resolves when the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface PlegOptions {
  readonly cri: Pick<
    CriRuntime,
    'listPodSandboxes' | 'listContainers' | 'podSandboxStatus' | 'containerStatus' | 'events'
  >;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly readMessage?: typeof readTerminationMessage;
}

const relistEveryMs = 1000;
const unhealthyAfterMs = 3 * 60_000;
const maxStreamRetryMs = 10_000;
/** CRI's CONTAINER_STOPPED_EVENT. What starts, the pod's own worker started, and it asks by itself. */
const stoppedEvent = 2;

/** What a relist found of one pod. */
interface Found {
  readonly listed: Listed;
  readonly observedAt: Instant;
}

interface Inspection {
  readonly current: Promise<void>;
  next?: Promise<void>;
}

/**
 * Keeps the runtime's state, pod by pod.
 * - One pod's entry is written by its inspections only, one at a time, so it never goes back in time.
 * - The runtime's events and the periodic relist only say which pods to inspect.
 * - A pod's events are told after the cache has the state that they came from.
 */
export function createPleg({ cri, clock, journal, readMessage = readTerminationMessage }: PlegOptions): Pleg {
  const pods = new Map<string, ObservedPod>();
  const inspections = new Map<string, Inspection>();
  const listeners: ((events: readonly PodLifecycleEvent[]) => void)[] = [];
  let relistedAt: Instant | undefined;
  /** UIDs of pods that were not made by a kubelet. */
  let unlabelled: ReadonlySet<string> = new Set();

  async function sandboxOf(listed: PodSandbox, before: ObservedPod | undefined): Promise<ObservedSandbox | undefined> {
    const known = before?.sandboxes.find(({ id }) => id === listed.id);
    const ready = listed.state === sandboxReadyState;
    const settled = known?.ready === ready && (!ready || known.networkMode === 'node' || known.ips.length > 0);
    if (known !== undefined && settled) return known;
    const { status } = await cri.podSandboxStatus(listed.id, false);
    return status && { ...observeSandbox(status), runtimeHandler: status.runtimeHandler || listed.runtimeHandler };
  }

  /** The status of a container that exited does not change any more, so it is asked for once. */
  async function containerOf(
    listed: Container,
    before: ObservedPod | undefined,
  ): Promise<ObservedContainer | undefined> {
    const known = before?.containers.find(({ id }) => id === listed.id);
    if (known?.state === 'exited') return known;
    const { status } = await cri.containerStatus(listed.id, false);
    if (status === undefined) return undefined;
    const message = containerStateName(status.state) === 'exited' ? await readMessage(status) : '';
    return observeContainer(status, listed.podSandboxId, message);
  }

  /** By label; sandboxes that somebody else made have none, so for those everything is listed. */
  async function list(uid: string): Promise<Listed> {
    const filter = unlabelled.has(uid) ? undefined : { labelSelector: { [labels.podUid]: uid } };
    const [sandboxes, containers] = await Promise.all([cri.listPodSandboxes(filter), cri.listContainers(filter)]);
    if (filter !== undefined) return { sandboxes, containers };
    return groupByPod(sandboxes, containers).get(uid) ?? { sandboxes: [], containers: [] };
  }

  async function observe(
    uid: string,
    before: ObservedPod | undefined,
    found: Found | undefined,
  ): Promise<ObservedPod | undefined> {
    const observedAt = found?.observedAt ?? clock.now();
    const { sandboxes, containers } = found?.listed ?? (await list(uid));
    if (sandboxes.length === 0 && containers.length === 0) return undefined;
    const [seenSandboxes, seenContainers] = await Promise.all([
      there(sandboxes.map((s) => sandboxOf(s, before))),
      there(containers.map((c) => containerOf(c, before))),
    ]);
    if (seenSandboxes.length === 0 && seenContainers.length === 0) return undefined;
    const named = sandboxes[0]?.labels ?? containers[0]?.labels ?? {};
    return observePod(
      {
        uid,
        name: named[labels.podName] ?? sandboxes[0]?.metadata?.name ?? '',
        namespace: named[labels.podNamespace] ?? sandboxes[0]?.metadata?.namespace ?? '',
        sandboxes: seenSandboxes,
        containers: seenContainers,
        observedAt,
      },
      before,
    );
  }

  async function inspectNow(uid: string, found?: Found): Promise<void> {
    const before = pods.get(uid);
    // What was seen since that relist began is newer.
    if (found !== undefined && before !== undefined && before.observedAt > found.observedAt) return;
    const after = await observe(uid, before, found);
    if (after === undefined) pods.delete(uid);
    else pods.set(uid, after);
    const events = computeEvents(uid, before, after);
    if (events.length === 0) return;
    const named = after ?? before;
    for (const event of events) {
      journal.write({ kind: 'runtime.podEvent', pod: `${named?.namespace}/${named?.name}`, event });
    }
    for (const listener of listeners) listener(events);
  }

  function start(uid: string, found?: Found): Promise<void> {
    const current = inspectNow(uid, found).finally(() => {
      if (inspections.get(uid)?.current === current) inspections.delete(uid);
    });
    inspections.set(uid, { current });
    return current;
  }

  /** Resolves after an inspection that began no earlier than this call. */
  function inspect(uid: string): Promise<void> {
    const running = inspections.get(uid);
    if (running === undefined) return start(uid);
    running.next ??= running.current.then(
      () => start(uid),
      () => start(uid),
    );
    return running.next;
  }

  /** Takes over what a relist found; a pod that is being looked at is looked at once more, since that may have seen less. */
  const takeOver = (uid: string, found: Found): Promise<void> =>
    inspections.has(uid) ? inspect(uid) : start(uid, found);

  const inspectLater = (uid: string): void => {
    inspect(uid).catch((error) => journal.write({ kind: 'runtime.inspectionFailed', uid, error: messageOf(error) }));
  };

  async function relist(): Promise<void> {
    const startedAt = clock.now();
    const [sandboxes, containers] = await Promise.all([cri.listPodSandboxes(), cri.listContainers()]);
    const listed = groupByPod(sandboxes, containers);
    unlabelled = new Set(
      sandboxes.flatMap(({ labels: own, metadata }) => (own[labels.podUid] === undefined ? (metadata?.uid ?? []) : [])),
    );
    const changed = [...new Set([...listed.keys(), ...pods.keys()])].filter(
      (uid) => !matches(pods.get(uid), listed.get(uid)),
    );
    const none: Listed = { sandboxes: [], containers: [] };
    const results = await Promise.allSettled(
      changed.map((uid) => takeOver(uid, { listed: listed.get(uid) ?? none, observedAt: startedAt })),
    );
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      journal.write({ kind: 'runtime.inspectionFailed', uid: changed[i] ?? '', error: messageOf(result.reason) });
    }
    const sinceLast = relistedAt === undefined ? {} : { sinceLastMs: startedAt - relistedAt };
    if (results.every(({ status }) => status === 'fulfilled')) relistedAt = startedAt;
    journal.write({ kind: 'runtime.relisted', changed: changed.length, ms: clock.now() - startedAt, ...sinceLast });
  }

  async function runRelist(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await relist().catch((error) => journal.write({ kind: 'runtime.relistFailed', error: messageOf(error) }));
      await clock.sleep(relistEveryMs, signal).catch(() => undefined);
    }
  }

  function onRuntimeEvent(event: ContainerEventResponse): void {
    const uid = event.podSandboxStatus?.metadata?.uid;
    if (uid !== undefined && event.containerEventType === stoppedEvent) inspectLater(uid);
  }

  async function runEventStream(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        for await (const event of cri.events(signal)) {
          failures = 0;
          onRuntimeEvent(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        journal.write({ kind: 'runtime.eventStreamBroke', error: messageOf(error) });
        if (error instanceof CriError && error.code === 'unimplemented') return;
        await clock.sleep(Math.min(maxStreamRetryMs, 200 * 2 ** failures), signal).catch(() => undefined);
      }
    }
  }

  const isNewer = (uid: string, newerThan: Instant): boolean =>
    (pods.get(uid)?.observedAt ?? -1) > newerThan || (relistedAt ?? -1) > newerThan;

  return {
    get: (uid) => pods.get(uid),
    all: () => [...pods.values()],
    requestRelist: inspectLater,
    onEvents: (listener) => void listeners.push(listener),
    async getNewerThan(uid, newerThan, signal) {
      while (!isNewer(uid, newerThan)) {
        signal.throwIfAborted();
        const askedAt = clock.now();
        await inspect(uid);
        if (!pods.has(uid) && askedAt >= newerThan) break;
        if (!isNewer(uid, newerThan)) await clock.sleep(1, signal);
      }
      return pods.get(uid) ?? emptyPod(uid, clock.now());
    },
    problem() {
      if (relistedAt === undefined) return 'pleg has yet to be successful';
      const elapsed = clock.now() - relistedAt;
      if (elapsed <= unhealthyAfterMs) return undefined;
      return `pleg was last seen active ${formatGoDuration(elapsed)} ago; threshold is ${formatGoDuration(unhealthyAfterMs)}`;
    },
    async run(signal) {
      await Promise.all([runRelist(signal), runEventStream(signal)]);
    },
  };
}

const emptyPod = (uid: string, observedAt: Instant): ObservedPod => ({
  uid,
  name: '',
  namespace: '',
  sandboxes: [],
  containers: [],
  ips: [],
  observedAt,
});
