import { isAsShown, isElided, renderDifference } from './compare.ts';
import { plainLines } from './normalise.ts';
import type { Block, Gesture, Section, Step } from './parse.ts';
import { commandFor, outputFrom } from './rename.ts';
import type { Outcome } from './shell.ts';

/** What a replay does to the world. */
export interface ReplayPorts {
  run(command: string, timeoutMs: number): Promise<Outcome>;
  runInTerminal(command: string, gestures: readonly Gesture[], timeoutMs: number): Promise<Outcome>;
  writeFile(name: string, text: string): void;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export interface ReplayOptions {
  /** Name of the cluster that plays the text's one. */
  readonly cluster: string;
  /** The text learns from the cluster: what differs is kept for it, and is no error. */
  readonly learn: boolean;
}

/** One command as it ran, for the transcript and for the text. */
export interface Played {
  readonly section: string;
  readonly step: Step;
  readonly output: readonly string[];
  /** The text is to show this output instead of its own. */
  readonly learnt: boolean;
  /** What the text cannot learn: somebody has to look. */
  readonly problem?: string;
}

const commandTimeoutMs = 360_000;
const soonTimeoutMs = 90_000;
/** A text that is still to learn what comes would be waited for in vain. */
const learningSoonTimeoutMs = 10_000;
const soonEveryMs = 500;

/**
 * Runs the commands of one section in order; each must end well and print what the text shows. The first that does not
 * is an error; while the text learns, what it cannot learn is a problem of that command and the rest goes on.
 */
export async function replaySection(
  { title, blocks }: Section,
  { cluster, learn }: ReplayOptions,
  ports: ReplayPorts,
  onPlayed: (played: Played) => void,
): Promise<void> {
  for (const block of blocks) {
    if (block.kind === 'file') ports.writeFile(block.name, commandFor(cluster, block.text));
    else
      for (const step of block.steps) {
        const { output, exitCode, asShown } = await play(step, block, { cluster, learn }, ports);
        const learnt = learn && !asShown && !isElided(step.shown);
        const problem = problemOf(step, output, exitCode, asShown || learnt);
        onPlayed({ section: title, step, output, learnt, ...(problem === undefined ? {} : { problem }) });
        if (problem !== undefined && !learn) throw new Error(problem);
      }
  }
}

async function play(
  step: Step,
  block: Extract<Block, { kind: 'console' }>,
  { cluster, learn }: ReplayOptions,
  ports: ReplayPorts,
) {
  const command = commandFor(cluster, step.command);
  const endMs = ports.nowMs() + (learn ? learningSoonTimeoutMs : soonTimeoutMs);
  for (;;) {
    const { output, exitCode } = block.terminal
      ? await ports.runInTerminal(command, step.gestures, commandTimeoutMs)
      : await ports.run(command, commandTimeoutMs);
    const lines = plainLines(outputFrom(cluster, output));
    const asShown = isAsShown(step.shown, lines, block.anyOrder);
    // A text that shows nothing yet has still to learn what comes.
    const settled = asShown && !(block.soon && step.shown.length === 0);
    if (settled || !block.soon || ports.nowMs() >= endMs) return { output: lines, exitCode, asShown };
    await ports.sleep(soonEveryMs);
  }
}

function problemOf(step: Step, output: readonly string[], exitCode: number, asShown: boolean): string | undefined {
  const where = `docs/walkthrough.md:${step.line}\n$ ${step.command}\n`;
  if (!asShown)
    return `${where}The text shows (-) what did not come, or not (+) what came:\n${renderDifference(step.shown, output)}`;
  return exitCode === 0 || step.mayFail ? undefined : `${where}exited with ${exitCode}:\n${output.join('\n')}`;
}
