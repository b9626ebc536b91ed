import { existsSync } from 'node:fs';
import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RemoveContainer } from '../containers/container-logs.ts';
import { criErrorText } from '../cri-error-text.ts';
import type { PodCache } from '../parts.ts';
import { decideGarbage } from './decide.ts';

export interface GarbageOptions {
  readonly runtime: Pick<CriRuntime, 'listContainers' | 'stopPodSandbox' | 'removePodSandbox'>;
  readonly removeContainer: RemoveContainer;
  readonly nodeName: string;
  readonly cache: PodCache;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly inUse: (uid: string) => boolean;
  /** Nothing is garbage before every source of pods has spoken. */
  readonly sourcesReady: () => boolean;
  readonly keepPerContainer: number;
  readonly logsRoot: string;
  readonly logLinks: string;
}

/** The runtime's state is at hand from PLEG, so looking costs nothing; log folders are looked through less often. */
const everyMs = 5000;
const lookEveryMs = 60_000;
/** CRI's CONTAINER_EXITED. */
const exitedState = 2;

/** Removes dead containers, their sandboxes and logs, once nobody will ask for them any more. */
export function garbageCollector(options: GarbageOptions) {
  const { runtime, cache, clock, journal, logsRoot, logLinks } = options;

  async function collectRuntime(inUse: (uid: string) => boolean): Promise<void> {
    const actions = decideGarbage({
      seen: cache.all(),
      inUse,
      keepPerContainer: Math.max(1, options.keepPerContainer),
    });
    for (const action of actions) {
      const { id, because } = action;
      const what = action.kind === 'removeContainer' ? 'container' : 'sandbox';
      try {
        if (action.kind === 'removeContainer') await options.removeContainer(action.pod, action.container);
        else {
          await runtime.stopPodSandbox(id);
          await runtime.removePodSandbox(id);
        }
        journal.write({ kind: 'resource.garbageRemoved', what, id, because });
      } catch (error) {
        journal.write({ kind: 'resource.garbageFailed', what, reason: messageOf(error) });
      }
    }
  }

  /** A runtime that does not say what it has is told of; what PLEG last saw is no ground to call anything garbage. */
  async function runtimeAnswers(): Promise<boolean> {
    try {
      await runtime.listContainers({ state: { state: exitedState } });
      return true;
    } catch (error) {
      journal.write({ kind: 'resource.garbageUnknown', node: options.nodeName, error: criErrorText(error) });
      return false;
    }
  }

  /** Folders are named namespace_name_uid; links in logLinks point into them. */
  async function collectLogs(): Promise<void> {
    const known = new Set(cache.all().map(({ uid }) => uid));
    for (const folder of await readdir(logsRoot)) {
      const uid = folder.split('_').at(-1) ?? '';
      if (folder.split('_').length < 3 || known.has(uid) || options.inUse(uid)) continue;
      await rm(join(logsRoot, folder), { recursive: true, force: true });
      journal.write({ kind: 'resource.garbageRemoved', what: 'logs', id: folder, because: 'its pod is gone' });
    }
    for (const link of await readdir(logLinks)) {
      const target = await readlink(join(logLinks, link)).catch(() => undefined);
      if (target !== undefined && !existsSync(target)) await rm(join(logLinks, link), { force: true });
    }
  }

  return {
    /** Space is short: what pods that have ended keep for a look at them goes too. */
    async collectEnded(hasEnded: (uid: string) => boolean): Promise<void> {
      if (options.sourcesReady()) await collectRuntime((uid) => options.inUse(uid) && !hasEnded(uid));
    },
    async run(signal: AbortSignal): Promise<void> {
      let lookedAt = clock.now();
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal).catch(() => undefined);
        if (signal.aborted || !options.sourcesReady()) continue;
        await collectRuntime(options.inUse);
        if (clock.now() - lookedAt < lookEveryMs) continue;
        lookedAt = clock.now();
        if (!(await runtimeAnswers())) continue;
        await collectLogs().catch((error: unknown) =>
          journal.write({ kind: 'resource.garbageFailed', what: 'logs', reason: messageOf(error) }),
        );
      }
    },
  };
}
