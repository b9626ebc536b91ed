import { KlabError, messageOf } from '../../base/errors.ts';
import type { CreateContext, Step } from './plan-types.ts';

export interface Undo {
  readonly what: string;
  readonly run: () => Promise<void>;
}

/**
 * Runs the steps in their order, those of one group side by side. All of a group are settled before the first error
 * is thrown, so that nothing is still being made while it is undone. Steps' times go to the progress.
 */
export async function runPlan(plan: readonly (readonly Step[])[], context: CreateContext): Promise<void> {
  for (const group of plan) {
    context.signal.throwIfAborted();
    const needed = group.filter((step) => step.isNeeded?.(context) ?? true);
    const results = await Promise.allSettled(needed.map((step) => runStep(step, context)));
    const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    // An abort makes its neighbours fail too: the first error that is not the abort tells the cause.
    const cause = failed.find((error) => !isAbort(error)) ?? failed[0];
    if (cause !== undefined) throw cause;
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

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

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
