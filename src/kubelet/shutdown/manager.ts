import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { waitUntil } from '../../base/wait-until.ts';
import type { Journal } from '../../journal/journal.ts';
import { logNameOf, uidOf } from '../pod-facts.ts';
import type { PodWorkers } from '../workers/index.ts';
import { groupPods, type PodsToEnd, type ShutdownGroup, totalMs } from './groups.ts';
import type { InhibitLock, Logind } from './logind.ts';
import type { ShutdownState, StateFile } from './state.ts';

export interface ShutdownOptions {
  readonly groups: readonly ShutdownGroup[];
  readonly logind: Logind;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
  /** Where is kept when the last shutdown was; undefined: nowhere. */
  readonly file: StateFile | undefined;
  readonly activePods: () => readonly Pod[];
  readonly workers: Pick<PodWorkers, 'kill' | 'phaseOf'>;
  /** The node is not ready any more, or again. */
  readonly onChange: () => void;
}

export interface ShutdownManager {
  shuttingDown(): boolean;
  run(signal: AbortSignal): Promise<void>;
}

const reconnectMs = 1000;
const pollMs = 100;
const raised = { everyMs: 100, timeoutMs: 3000 };
const message = 'Pod was terminated in response to imminent node shutdown.';

/** Delays the machine's shutdown until its pods have ended, in the order of their priority. */
export function shutdownManager(options: ShutdownOptions): ShutdownManager {
  const { groups, logind, clock, journal, nodeName: node, workers, file } = options;
  let shuttingDown = false;
  let lock: InhibitLock | undefined;

  async function prepare(): Promise<void> {
    const wanted = totalMs(groups);
    if ((await logind.maxDelayMs()) < wanted) {
      await logind.raiseMaxDelay(wanted);
      const result = await waitUntil(
        async () => (await logind.maxDelayMs()) >= wanted || 'InhibitDelayMaxSec is less than the grace periods',
        { clock, ...raised },
      );
      if (result.kind === 'timedOut') throw new Error(String(result.lastSeen));
    }
    await takeLock();
  }

  async function takeLock(): Promise<void> {
    const next = await logind.inhibit();
    lock?.release();
    lock = next;
  }

  function stopPod({ pod, graceSeconds }: PodsToEnd['pods'][number]): Promise<void> {
    const generation = pod.metadata?.generation;
    journal.write({ kind: 'shutdown.killing', pod: logNameOf(pod), graceSeconds });
    return workers.kill(uidOf(pod), {
      because: 'the node is shutting down',
      graceOverride: graceSeconds,
      status: {
        phase: 'Failed',
        reason: 'Terminated',
        message,
        condition: {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'TerminationByKubelet',
          message,
          ...(generation === undefined ? {} : { observedGeneration: generation }),
        },
      },
    });
  }

  /** Drivers of volumes are of the last groups: theirs is still there when earlier pods give up their volumes. */
  async function stopGroup({ group, pods }: PodsToEnd): Promise<void> {
    for (const row of pods) void stopPod(row);
    const finished = () =>
      pods.every(({ pod }) => [undefined, 'finished'].includes(workers.phaseOf(uidOf(pod)))) || 'pods still run';
    const result = await waitUntil(finished, { clock, everyMs: pollMs, timeoutMs: group.seconds * 1000 });
    journal.write({ kind: 'shutdown.groupEnded', priority: group.priority, timedOut: result.kind === 'timedOut' });
  }

  async function store(state: ShutdownState): Promise<void> {
    if (file === undefined) return;
    journal.write({ kind: 'shutdown.state', ...state });
    await file
      .store(state)
      .catch((error: unknown) => journal.write({ kind: 'shutdown.stateFailed', error: messageOf(error) }));
  }

  async function begin(): Promise<void> {
    const startedAt = clock.now();
    await store({ startedAt, endedAt: undefined });
    for (const row of groupPods(groups, options.activePods())) await stopGroup(row);
    await store({ startedAt, endedAt: clock.now() });
    lock?.release();
    lock = undefined;
  }

  async function hear(begins: boolean): Promise<void> {
    journal.write({ kind: 'shutdown.heard', node, begins });
    shuttingDown = begins;
    options.onChange();
    if (begins) await begin();
    else await takeLock();
  }

  async function showLast(): Promise<void> {
    try {
      const state = await file?.load();
      if (state !== undefined) journal.write({ kind: 'shutdown.state', ...state });
    } catch (error) {
      journal.write({ kind: 'shutdown.stateFailed', error: messageOf(error) });
    }
  }

  return {
    shuttingDown: () => shuttingDown,
    async run(signal) {
      if (groups.length === 0) return;
      await showLast();
      let watched = false;
      while (!signal.aborted) {
        try {
          await prepare();
          watched = true;
          for await (const begins of logind.shutdowns(signal)) await hear(begins);
        } catch (error) {
          if (!signal.aborted) journal.write({ kind: 'shutdown.notWatched', error: messageOf(error), again: watched });
        }
        // A machine that had no logind at the start has none.
        if (!watched) break;
        await clock.sleep(reconnectMs, signal).catch(() => undefined);
      }
      lock?.release();
    },
  };
}
