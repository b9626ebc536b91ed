import type { Clock } from '../base/clock.ts';

/** By then the pods of a restarted node were looked at. */
const settledMs = 10_000;

export interface StartUpMemoryOptions {
  readonly clock: Clock;
  /** A full collection of the heap; absent unless node runs with --expose-gc. */
  readonly collect: (() => unknown) | undefined;
}

/** Gives back, once, what starting up took: nobody collects the heap of a process that mostly waits. */
export const startUpMemory = ({ clock, collect }: StartUpMemoryOptions) => ({
  async run(signal: AbortSignal): Promise<void> {
    if (collect === undefined) return;
    await clock.sleep(settledMs, signal);
    collect();
  },
});
