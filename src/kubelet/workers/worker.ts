import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ObservedPod } from '../observed.ts';
import type { PodCache } from '../parts.ts';
import { isTerminalPhase, logNameOf } from '../pod-facts.ts';
import { computeEffectiveGrace } from './grace.ts';
import type { PodSync, StatusOverride } from './pod-sync.ts';

/**
 * - syncing: the pod is brought to what its spec says, again and again;
 * - terminating: its containers are being stopped, for good;
 * - terminated: they are, and what else the pod holds is being given back;
 * - finished: nothing is left to do.
 */
export type WorkerPhase = 'syncing' | 'terminating' | 'terminated' | 'finished';

export interface WorkerOptions {
  readonly uid: string;
  readonly pod: Pod | undefined;
  /** The runtime's view of a pod whose spec is not known. */
  readonly orphan: ObservedPod | undefined;
  readonly sync: PodSync;
  readonly cache: Pick<PodCache, 'getNewerThan'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly syncFrequencyMs: number;
  /** Whether the pod may start now: a static pod waits for the one of the same name before it. */
  readonly mayStart: () => boolean;
  readonly onTerminated: () => void;
  readonly onFinished: () => void;
  readonly random?: () => number;
}

export interface Termination {
  readonly because: string;
  readonly graceOverride?: number;
  readonly status?: StatusOverride;
}

/** Upstream's periods between syncs after an error; each is lengthened by up to half of itself. */
const errorRetryMs = 10_000;
const networkRetryMs = 1000;

/** The pod could not be synced because the node's network is not ready; that passes soon. */
export class NetworkNotReady extends Error {}

/**
 * One pod's worker.
 * - One sync at a time; what arrives meanwhile is taken up by the next, the newest only.
 * - It goes through its phases in their order and never back.
 * - Entering `terminating`, or a shorter grace period, ends the sync under way; the grace period never grows.
 */
export class PodWorker {
  private readonly options: WorkerOptions;
  private current: WorkerPhase = 'syncing';
  private latest: Pod | undefined;
  private due = false;
  private driving = false;
  private newerThan: Instant = 0;
  private grace: number | undefined;
  private override: StatusOverride | undefined;
  private controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private begun = false;
  /** The same pod was added again while this one was on its way out. */
  restartRequested = false;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.latest = options.pod;
  }

  get phase(): WorkerPhase {
    return this.current;
  }

  get pod(): Pod | undefined {
    return this.latest;
  }

  /** A new version of the pod; or none, to look again. */
  wake(pod?: Pod): void {
    if (this.current === 'finished') return;
    if (pod !== undefined) {
      this.latest = pod;
      if (pod.metadata?.deletionTimestamp !== undefined) this.terminate({ because: 'it was deleted' });
      else if (isTerminalPhase(pod.status?.phase)) this.terminate({ because: 'its phase is terminal' });
    }
    this.due = true;
    void this.drive();
  }

  /** Stops the pod for good. A later call may shorten the grace period. */
  terminate({ because, graceOverride, status }: Termination): void {
    if (this.current === 'finished') return;
    this.override ??= status;
    const before = this.grace;
    this.grace = computeEffectiveGrace(this.latest, before, graceOverride);
    const begins = this.current === 'syncing';
    if (begins) {
      this.current = 'terminating';
      const pod = this.latest === undefined ? this.options.uid : logNameOf(this.latest);
      this.options.journal.write({ kind: 'pod.terminating', pod, graceSeconds: this.grace, because });
    }
    const shortened = this.current === 'terminating' && before !== undefined && this.grace < before;
    if (begins || shortened) this.controller.abort(new Error('the pod is being terminated'));
    this.due = true;
    void this.drive();
  }

  /** Ends the loop at once, leaving everything as it is: the kubelet stops, not the pods. */
  abandon(): void {
    this.current = 'finished';
    clearTimeout(this.timer);
    this.controller.abort(new Error('the kubelet stops'));
  }

  private async drive(): Promise<void> {
    if (this.driving) return;
    this.driving = true;
    try {
      while (this.due && this.current !== 'finished') {
        this.due = false;
        clearTimeout(this.timer);
        await this.step();
      }
    } finally {
      this.driving = false;
    }
  }

  private async step(): Promise<void> {
    const { cache, uid, journal, mayStart } = this.options;
    if (this.current === 'syncing' && !mayStart()) return;
    this.controller = new AbortController();
    const { signal } = this.controller;
    try {
      if (this.current === 'terminating' && !this.begun && !mayStart()) {
        this.finishUnstarted();
        return;
      }
      const seen = this.options.orphan ?? (await cache.getNewerThan(uid, this.newerThan, signal));
      this.begun = true;
      await this.stepPhase(seen, signal);
    } catch (error) {
      // Whatever was under way may have had its effect.
      this.newerThan = this.options.clock.now();
      if (signal.aborted) return;
      const pod = this.latest === undefined ? uid : logNameOf(this.latest);
      journal.write({ kind: 'pod.syncFailed', pod, uid, error: messageOf(error) });
      this.schedule(this.jittered(error instanceof NetworkNotReady ? networkRetryMs : errorRetryMs));
    }
  }

  /** A pod that still waited for its name has nothing to stop and nothing to give back. */
  private finishUnstarted(): void {
    this.current = 'finished';
    this.options.onTerminated();
    this.options.onFinished();
  }

  private async stepPhase(seen: ObservedPod, signal: AbortSignal): Promise<void> {
    const { sync, orphan } = this.options;
    const pod = this.latest;
    switch (this.current) {
      case 'syncing': {
        if (pod === undefined) return;
        const result = await sync.sync(pod, seen, signal);
        if (result.actedAt !== undefined) this.newerThan = result.actedAt;
        if (this.current !== 'syncing') return;
        if (result.terminal) {
          this.terminate({ because: 'its containers have ended' });
          return;
        }
        this.schedule(this.untilNext(result.retryAt, result.failed));
        return;
      }
      case 'terminating': {
        const grace = this.grace ?? 1;
        if (orphan !== undefined) await sync.killOrphan(orphan, signal);
        // It ends with a look at the runtime, so what is known then is new enough.
        else if (pod !== undefined) await sync.terminate(pod, seen, grace, this.override, signal);
        this.current = orphan === undefined ? 'terminated' : 'finished';
        this.due = true;
        this.options.onTerminated();
        if (this.current === 'finished') this.options.onFinished();
        return;
      }
      case 'terminated': {
        if (pod !== undefined) await sync.finish(pod, seen, signal);
        this.current = 'finished';
        this.options.onFinished();
        return;
      }
      case 'finished':
        return;
    }
  }

  private untilNext(retryAt: Instant | undefined, failed: boolean): number {
    const { syncFrequencyMs, clock } = this.options;
    const regular = this.jittered(failed && retryAt === undefined ? errorRetryMs : syncFrequencyMs);
    return retryAt === undefined ? regular : Math.min(regular, Math.max(0, retryAt - clock.now()));
  }

  private jittered(ms: number): number {
    return ms * (1 + (this.options.random ?? Math.random)() / 2);
  }

  private schedule(ms: number): void {
    if (this.due || this.current === 'finished') return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wake(), ms);
    this.timer.unref();
  }
}
