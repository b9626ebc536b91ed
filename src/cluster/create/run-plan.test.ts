import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import type { ProgressEvent } from '../../base/progress.ts';
import { aCluster } from '../../bootstrap/testing.ts';
import { fakeEngine } from '../../engine/fake.ts';
import type { CreateContext, Step } from './plan-types.ts';
import { runPlan, type Undo, undoAll } from './run-plan.ts';

function aContext(changes: Partial<CreateContext> = {}): CreateContext & { readonly events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return {
    engine: fakeEngine(),
    clock: new FakeClock(),
    progress: (event) => events.push(event),
    signal: new AbortController().signal,
    env: {},
    config: aCluster(),
    waitMs: 0,
    kubeconfig: { home: '/nowhere', cwd: '/nowhere' },
    buildImage: undefined,
    stdin: undefined,
    made: {},
    undo: () => undefined,
    detail: () => undefined,
    ...changes,
    events,
  };
}

/** Steps that write down when they begin and end. */
function aLog() {
  const log: string[] = [];
  const step = (title: string, run: Step['run'] = async () => undefined): Step => ({
    title,
    run: async (context) => {
      log.push(`${title} begins`);
      await run(context);
      log.push(`${title} ends`);
    },
  });
  return { log, step };
}

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));
const failing = (message: string) => async () => {
  throw new Error(message);
};

describe('runPlan', () => {
  test('groups one after the other, the steps of a group side by side', async () => {
    const { log, step } = aLog();
    await runPlan([[step('a', soon), step('b')], [step('c')]], aContext());
    expect(log).toEqual(['a begins', 'b begins', 'b ends', 'a ends', 'c begins', 'c ends']);
  });

  test('a failure is thrown when its neighbours have ended, and nothing comes after it', async () => {
    const { log, step } = aLog();
    await expect(runPlan([[step('a', soon), step('b', failing('no'))], [step('c')]], aContext())).rejects.toThrow('no');
    expect(log).toEqual(['a begins', 'b begins', 'a ends']);
  });

  test('the first failure stops its neighbours, and is the one that is told', async () => {
    const { log, step } = aLog();
    const untilStopped: Step['run'] = ({ signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const plan = [[step('a', untilStopped), step('b', failing('disk full'))]];
    await expect(runPlan(plan, aContext())).rejects.toThrow('disk full');
    expect(log).toEqual(['a begins', 'b begins']);
  });

  test('nothing begins after Ctrl-C', async () => {
    const controller = new AbortController();
    const { log, step } = aLog();
    const interrupt = async () => controller.abort();
    await expect(
      runPlan([[step('a', interrupt)], [step('b')]], aContext({ signal: controller.signal })),
    ).rejects.toThrow();
    expect(log).toEqual(['a begins', 'a ends']);
  });

  test('a step that has nothing to do is not even told of', async () => {
    const { log, step } = aLog();
    const context = aContext();
    await runPlan([[{ ...step('a'), isNeeded: () => false }, step('b')]], context);
    expect(log).toEqual(['b begins', 'b ends']);
    expect(context.events.map(({ step: title }) => title)).toEqual(['b', 'b']);
  });

  test('each step says when it began, how long it took, and why it failed', async () => {
    const clock = new FakeClock(1000);
    const context = aContext({ clock });
    const { step } = aLog();
    const slow = step('slow', async ({ detail }) => {
      detail('still at it');
      await clock.advance(250);
    });
    await expect(runPlan([[slow], [step('bad', failing('no'))]], context)).rejects.toThrow('no');
    expect(context.events).toEqual([
      { type: 'stepStarted', step: 'slow', at: 1000 },
      { type: 'stepDetail', step: 'slow', text: 'still at it' },
      { type: 'stepEnded', step: 'slow', ms: 250 },
      { type: 'stepStarted', step: 'bad', at: 1250 },
      { type: 'stepEnded', step: 'bad', ms: 0, error: new Error('no') },
    ]);
  });
});

describe('undoAll', () => {
  test('backwards, and one that fails does not keep the others from being undone', async () => {
    const log: string[] = [];
    const undo = (what: string, fails = false): Undo => ({
      what,
      run: async () => {
        log.push(what);
        if (fails) throw new Error('busy');
      },
    });
    expect(await undoAll([undo('remove a'), undo('remove b', true), undo('remove c')])).toEqual(['remove b: busy']);
    expect(log).toEqual(['remove c', 'remove b', 'remove a']);
  });
});
