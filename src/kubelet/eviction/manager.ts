import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { isCriticalPod, logNameOf, podReference, uidOf } from '../pod-facts.ts';
import type { PodUsage } from '../stats/index.ts';
import type { PodWorkers } from '../workers/index.ts';
import { findOverLimit, hasStorageLimits } from './local-storage.ts';
import { renderEviction } from './message.ts';
import { decidePressure, findMet, noPressure, type PressureDecision } from './pressure.ts';
import { rankPods } from './rank.ts';
import type { NodeReadings } from './readings.ts';
import { type DiskLayout, type NodeCondition, type Readings, type Signal, signalFacts } from './signals.ts';
import { isHard, type Threshold, withContainerFs } from './thresholds.ts';

export interface EvictionOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
  readonly thresholds: readonly Threshold[];
  /** Whether pods over limits of their own local storage are evicted. */
  readonly watchLocalStorage: boolean;
  readonly transitionMs: number;
  /** The most that a pod gets to end when a soft threshold is met. */
  readonly maxGraceSeconds: number;
  readonly readings: NodeReadings;
  readonly activePods: () => readonly Pod[];
  /** What these pods use, by UID; those of which nothing is known are left out. */
  readonly usageOf: (uids: readonly string[]) => Promise<ReadonlyMap<string, PodUsage>>;
  readonly workers: Pick<PodWorkers, 'kill' | 'phaseOf'>;
  readonly removeDeadContainers: () => Promise<void>;
  readonly removeUnusedImages: () => Promise<void>;
  /** The node's conditions have changed. */
  readonly onChange: () => void;
}

export interface EvictionManager {
  conditions(): readonly NodeCondition[];
  run(signal: AbortSignal): Promise<void>;
}

interface LastLook {
  readonly due: readonly Threshold[];
  readonly seen: Readings;
  readonly readAt: Instant;
  readonly layout: DiskLayout;
}

const everyMs = 10_000;
const hardGraceSeconds = 1;
const cleanupMs = 30_000;
const cleanupPollMs = 1000;

/** Watches what the node has left and evicts pods, one at a time, before it runs out. */
export function evictionManager(options: EvictionOptions): EvictionManager {
  const { clock, journal, nodeName: node, readings, workers } = options;
  let state = noPressure;
  let conditions: readonly NodeCondition[] = [];

  async function evict(
    pod: Pod,
    what: { signal: string; message: string; grace: number; annotations?: Readonly<Record<string, string>> },
  ): Promise<boolean> {
    const { signal, message, grace, annotations } = what;
    if (isCriticalPod(pod)) {
      journal.write({ kind: 'eviction.spared', pod: logNameOf(pod) });
      return false;
    }
    journal.write({ kind: 'eviction.evicting', object: podReference(pod), signal, message, annotations });
    const disruption = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message } as const;
    const generation = pod.metadata?.generation;
    await workers.kill(uidOf(pod), {
      because: `it was evicted: ${message.trim()}`,
      graceOverride: grace,
      status: {
        phase: 'Failed',
        reason: 'Evicted',
        message,
        // A pod over its own limits was not disrupted by anybody.
        ...(annotations === undefined
          ? {}
          : { condition: { ...disruption, ...(generation === undefined ? {} : { observedGeneration: generation }) } }),
      },
    });
    journal.write({ kind: 'eviction.evicted', pod: logNameOf(pod), signal });
    return true;
  }

  async function evictOverLimits(pods: readonly Pod[], layout: DiskLayout): Promise<readonly Pod[]> {
    const limited = pods.filter((pod) => hasStorageLimits(pod));
    if (limited.length === 0) return [];
    const usage = await options.usageOf(limited.map(uidOf));
    const evicted: Pod[] = [];
    for (const pod of limited) {
      const used = usage.get(uidOf(pod));
      const over = used === undefined ? undefined : findOverLimit(pod, used, layout);
      if (over !== undefined && (await evict(pod, { ...over, grace: hardGraceSeconds }))) evicted.push(pod);
    }
    return evicted;
  }

  /** Images and dead containers go before pods do. True: that was enough. */
  async function reclaimNode(
    signal: Signal,
    thresholds: readonly Threshold[],
    watched: ReadonlySet<Signal>,
    layout: DiskLayout,
  ): Promise<boolean> {
    const tasks = reclaimers(signal, layout).map((name) => options[name]);
    if (tasks.length === 0) return false;
    for (const task of tasks) {
      await task().catch((error: unknown) => journal.write({ kind: 'eviction.failed', error: messageOf(error) }));
    }
    return findMet(thresholds, await readings.read(watched), true).length === 0;
  }

  async function evictOne(
    { threshold, resource }: NonNullable<PressureDecision['reclaim']>,
    { due, seen, readAt, layout }: LastLook,
  ): Promise<readonly Pod[]> {
    const pods = options.activePods();
    const usage = await options.usageOf(pods.map(uidOf));
    const usageOf = (pod: Pod) => usage.get(uidOf(pod));
    const ranked = rankPods({ signal: threshold.signal, layout, pods, usageOf });
    journal.write({
      kind: 'eviction.ranked',
      resource,
      signal: threshold.signal,
      pods: ranked.map(logNameOf),
      ageMs: clock.now() - readAt,
    });
    for (const pod of ranked) {
      const words = renderEviction({ pod, usage: usageOf(pod), resource, due, readings: seen });
      const own = pod.spec?.terminationGracePeriodSeconds ?? options.maxGraceSeconds;
      const grace = isHard(threshold) ? hardGraceSeconds : Math.min(options.maxGraceSeconds, own);
      if (await evict(pod, { signal: threshold.signal, grace, ...words })) return [pod];
    }
    journal.write({ kind: 'eviction.nobodyLeft', resource });
    return [];
  }

  async function round(): Promise<readonly Pod[]> {
    const layout = await readings.layout();
    const thresholds = withContainerFs(options.thresholds, layout);
    const watched = new Set(thresholds.map(({ signal }) => signal));
    const readAt = clock.now();
    const seen = await readings.read(watched);
    const decision = decidePressure({
      thresholds,
      readings: seen,
      before: state,
      now: clock.now(),
      transitionMs: options.transitionMs,
    });
    state = decision.state;
    if (decision.conditions.join() !== conditions.join()) {
      conditions = decision.conditions;
      journal.write({ kind: 'eviction.conditions', conditions });
      options.onChange();
    }
    const overLimits = options.watchLocalStorage ? await evictOverLimits(options.activePods(), layout) : [];
    if (overLimits.length > 0 || decision.reclaim === undefined) return overLimits;
    const { threshold, resource } = decision.reclaim;
    journal.write({ kind: 'eviction.thresholdMet', node, resource, signal: threshold.signal });
    if (await reclaimNode(threshold.signal, thresholds, watched, layout)) {
      journal.write({ kind: 'eviction.nodeSufficed', resource });
      return [];
    }
    return evictOne(decision.reclaim, { due: decision.due, seen, readAt, layout });
  }

  async function waitForCleanup(pods: readonly Pod[], signal: AbortSignal): Promise<void> {
    const until = clock.now() + cleanupMs;
    const gone = (pod: Pod) => [undefined, 'finished'].includes(workers.phaseOf(uidOf(pod)));
    while (!signal.aborted && clock.now() < until && !pods.every(gone)) {
      await clock.sleep(cleanupPollMs, signal).catch(() => undefined);
    }
  }

  return {
    conditions: () => conditions,
    async run(signal) {
      if (options.thresholds.length === 0 && !options.watchLocalStorage) return;
      journal.write({ kind: 'eviction.started' });
      while (!signal.aborted) {
        let evicted: readonly Pod[] = [];
        try {
          evicted = await round();
        } catch (error) {
          journal.write({ kind: 'eviction.failed', error: messageOf(error) });
        }
        // What one pod has given back is seen before the next is chosen.
        if (evicted.length > 0) await waitForCleanup(evicted, signal);
        else await clock.sleep(everyMs, signal).catch(() => undefined);
      }
    },
  };
}

type Reclaimer = 'removeDeadContainers' | 'removeUnusedImages';

/** What else than pods can give back what is short. */
function reclaimers(signal: Signal, layout: DiskLayout): readonly Reclaimer[] {
  if (signalFacts[signal].condition !== 'DiskPressure') return [];
  if (layout === 'shared') return ['removeDeadContainers', 'removeUnusedImages'];
  const fileSystem = signal.split('.')[0];
  if (layout === 'imagesAndContainers') {
    return fileSystem === 'nodefs' ? [] : ['removeDeadContainers', 'removeUnusedImages'];
  }
  return fileSystem === 'imagefs' ? ['removeUnusedImages'] : ['removeDeadContainers'];
}
