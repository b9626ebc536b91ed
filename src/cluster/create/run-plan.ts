import { KlabError, messageOf } from '../../base/errors.ts';
import type { CreateContext, Step } from './plan-types.ts';

export interface Undo {
  readonly what: string;
  readonly run: () => Promise<void>;
}

/**
 * Runs the steps in their order, those of one group side by side. The first failure stops its neighbours, and is thrown
 * when they have ended, so that nothing is still being made while it is undone. Steps' times go to the progress.
 */
export async function runPlan(plan: readonly (readonly Step[])[], context: CreateContext): Promise<void> {
  for (const group of plan) {
    context.signal.throwIfAborted();
    const stop = new AbortController();
    const inGroup = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
    const failures: unknown[] = [];
    const run = (step: Step) =>
      runStep(step, inGroup).catch((error: unknown) => {
        failures.push(error);
        stop.abort(new DOMException('a step beside it failed', 'AbortError'));
      });
    await Promise.all(group.filter((step) => step.isNeeded?.(context) ?? true).map(run));
    if (failures.length > 0) throw failures[0];
  }
}

async function runStep(step: Step, context: CreateContext): Promise<void> {
  const { progress, clock } = context;
  const startedAt = clock.now();
  progress({ type: 'stepStarted', step: step.title, at: startedAt });
  try {
    await step.run({ ...context, detail: (text) => progress({ type: 'stepDetail', step: step.title, text }) });
    progress({ type: 'stepEnded', step: step.title, ms: clock.now() - startedAt });
  } catch (error) {
    const shown = error instanceof Error ? error : new KlabError('FAILED', messageOf(error));
    progress({ type: 'stepEnded', step: step.title, ms: clock.now() - startedAt, error: shown });
    throw error;
  }
}

/** Undoes what was made, the last first. One that fails does not keep the others from being undone; its problem comes back. */
export async function undoAll(undos: readonly Undo[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { what, run } of undos.toReversed()) {
    try {
      await run();
    } catch (error) {
      problems.push(`${what}: ${messageOf(error)}`);
    }
  }
  return problems;
}
