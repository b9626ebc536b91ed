import type { Clock } from '../../base/clock.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RemoveContainer } from '../containers/container-logs.ts';
import { criErrorText } from '../cri-error-text.ts';
import { formatGoDuration } from '../go-duration.ts';
import type { PodCache } from '../parts.ts';
import { decideGarbage, type GarbageAction, type GarbageLimits } from './decide.ts';
import { collectLogs } from './logs.ts';

export { type GarbageLimits, isContentGone } from './decide.ts';

export interface GarbageOptions {
  readonly runtime: Pick<CriRuntime, 'listContainers' | 'stopPodSandbox' | 'removePodSandbox'>;
  readonly removeContainer: RemoveContainer;
  readonly nodeName: string;
  readonly cache: PodCache;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Nobody will ask for what is left of the pod. */
  readonly isGone: (uid: string) => boolean;
  /** Nothing is garbage before every source of pods has spoken. */
  readonly sourcesReady: () => boolean;
  readonly limits: GarbageLimits;
  readonly logsRoot: string;
  readonly logLinks: string;
}

/** The runtime's state is at hand from PLEG, so looking costs nothing; the limits and the log folders can wait. */
const everyMs = 5000;
const thoroughEveryMs = 60_000;
/** CRI's CONTAINER_EXITED. */
const exitedState = 2;

/** Removes dead containers, their sandboxes and logs, once nobody will ask for them any more. Throws for limits that are none. */
export function garbageCollector(options: GarbageOptions) {
  const { runtime, cache, clock, journal, limits, logsRoot, logLinks } = options;
  if (limits.minAgeMs < 0) {
    const age = formatGoDuration(limits.minAgeMs);
    throw new Error(`failed to run Kubelet: failed to create kubelet: invalid minimum garbage collection age: ${age}`);
  }

  async function carryOut(action: GarbageAction): Promise<void> {
    if (action.kind === 'removeContainer') return options.removeContainer(action.pod, action.container);
    await runtime.stopPodSandbox(action.id);
    await runtime.removePodSandbox(action.id);
  }

  async function collectRuntime(isGone: (uid: string) => boolean, thorough: boolean): Promise<void> {
    for (const action of decideGarbage({ seen: cache.all(), now: clock.now(), isGone, limits, thorough })) {
      const what = action.kind === 'removeContainer' ? 'container' : 'sandbox';
      try {
        await carryOut(action);
        journal.write({ kind: 'resource.garbageRemoved', what, id: action.id, because: action.because });
      } catch (error) {
        journal.write({ kind: 'resource.garbageFailed', what, id: action.id, reason: criErrorText(error) });
      }
    }
  }

  async function collectThoroughly(isGone: (uid: string) => boolean): Promise<void> {
    // What PLEG last saw is no ground to call anything garbage while the runtime does not say what it has.
    await runtime.listContainers({ state: { state: exitedState } });
    await collectRuntime(isGone, true);
    await collectLogs({ seen: cache.all, isGone: options.isGone, journal, logsRoot, logLinks });
  }

  let failed = false;
  async function collectAndTell(): Promise<void> {
    try {
      await collectThoroughly(options.isGone);
      journal.write({ kind: 'resource.garbageCollected', recovered: failed });
      failed = false;
    } catch (error) {
      failed = true;
      journal.write({ kind: 'resource.garbageUnknown', node: options.nodeName, error: criErrorText(error) });
    }
  }

  return {
    /** Space is short: what pods that have ended keep for a look at them goes too. Never rejects. */
    async collectEnded(hasEnded: (uid: string) => boolean): Promise<void> {
      if (!options.sourcesReady()) return;
      // Whatever stands in the way is told of by the look of each minute.
      await collectThoroughly((uid) => options.isGone(uid) || hasEnded(uid)).catch(() => undefined);
    },
    async run(signal: AbortSignal): Promise<void> {
      let lookedAt = clock.now();
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal).catch(() => undefined);
        if (signal.aborted || !options.sourcesReady()) continue;
        if (clock.now() - lookedAt < thoroughEveryMs) {
          await collectRuntime(options.isGone, false);
          continue;
        }
        lookedAt = clock.now();
        await collectAndTell();
      }
    },
  };
}
