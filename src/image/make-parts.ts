import type { Clock } from '../base/clock.ts';
import { KeyedSerial } from '../base/keyed-serial.ts';
import type { Progress } from '../base/progress.ts';
import type { Part } from './plan.ts';

export interface BuiltPart {
  readonly name: string;
  readonly ms: number;
  /** Nothing had to be done. */
  readonly cached: boolean;
}

export interface PartsWork {
  readonly plan: readonly Part[];
  readonly has: (part: Part) => Promise<boolean>;
  readonly make: (part: Part, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Makes the plan's last part and, of the others, what that takes: a part that is there is not made, nor is anything
 * that only it needs. What does not depend on each other is made side by side. The first failure stops the others; it
 * is what this rejects with, when nothing is running any more.
 */
export async function makeParts({
  plan,
  has,
  make,
  clock,
  progress,
  signal,
}: PartsWork): Promise<readonly BuiltPart[]> {
  const running = new Map<string, Promise<void>>();
  const built = new Map<string, BuiltPart>();
  const turns = new KeyedSerial<string>();
  const failed = new AbortController();
  const stop = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const byName = new Map(plan.map((part) => [part.name, part]));

  const note = (name: string, ms: number, cached: boolean): void => {
    built.set(name, { name, ms, cached });
    progress({ type: 'stepEnded', step: name, ms, ...(cached ? { cached } : {}) });
  };

  const ensure = (name: string): Promise<void> => {
    const part = byName.get(name);
    if (part === undefined) throw new Error(`the plan of the node image has no part "${name}"`);
    const work = running.get(name) ?? ensurePart(part);
    running.set(name, work);
    return work;
  };

  const ensurePart = async (part: Part): Promise<void> => {
    if (await has(part)) {
      note(part.name, 0, true);
      return;
    }
    await settleAll(part.needs.map(ensure));
    // `go build` uses every core: two at once would only slow each other down.
    await turns.run(part.recipe.kind === 'go' ? 'go' : part.name, () => makeOne(part));
  };

  const makeOne = async (part: Part): Promise<void> => {
    stop.throwIfAborted();
    const at = clock.now();
    progress({ type: 'stepStarted', step: part.name, at });
    try {
      await make(part, stop);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      progress({ type: 'stepEnded', step: part.name, ms: clock.now() - at, error: failure });
      failed.abort(failure);
      throw failure;
    }
    note(part.name, clock.now() - at, false);
  };

  const last = plan.at(-1);
  try {
    if (last !== undefined) await ensure(last.name);
  } catch (error) {
    signal?.throwIfAborted();
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
  return plan.map(({ name }) => built.get(name) ?? { name, ms: 0, cached: true });
}

/** Waits for all, then fails with the first failure: nothing goes on in the background after an error. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
