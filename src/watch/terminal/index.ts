import { emitKeypressEvents } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import type { WatchOpening } from '../open.ts';
import { storySoFar } from '../story-so-far.ts';
import { firstView, type Key, pressKey } from './keys.ts';
import { renderScreen } from './render-screen.ts';

export interface TerminalOptions {
  /** Also what happens every second. */
  readonly all: boolean;
  /** Aborted: the view ends. */
  readonly signal: AbortSignal;
  readonly stdin?: ReadStream;
  readonly stdout?: WriteStream;
  readonly color?: boolean;
}

/** The most often that the screen is drawn, in milliseconds. */
const frameMs = 60;
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

/**
 * Shows a watch on the whole terminal until the user presses q, the signal aborts, or the watch fails (then it throws
 * what failed). The terminal is left as it was.
 */
export async function showAtTerminal(
  { server, nodes, pod, heard }: WatchOpening,
  options: TerminalOptions,
): Promise<void> {
  const { all, signal, stdin = process.stdin, stdout = process.stdout } = options;
  const color = options.color ?? (stdout.hasColors() && !process.env.NO_COLOR);
  const story = storySoFar(all);
  const title = `klab watch ${pod ?? 'all pods'} on ${nodes.join(', ')}  (${server})`;
  const done = Promise.withResolvers<void>();
  let view = firstView;
  let timer: NodeJS.Timeout | undefined;
  let limits = { page: 0, most: 0 };

  function draw(): void {
    timer = undefined;
    const { lines, ...rest } = renderScreen(
      { title, story, view },
      { rows: stdout.rows, columns: stdout.columns, color },
    );
    limits = rest;
    stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}`);
  }
  const drawSoon = (): void => {
    timer ??= setTimeout(draw, frameMs);
  };
  const onKey = (_text: string | undefined, key: Key): void => {
    view = pressKey(view, key, { told: story.told(), ...limits });
    if (view.done) done.resolve();
    else drawSoon();
  };

  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on('keypress', onKey);
  stdin.resume();
  stdout.on('resize', drawSoon);
  stdout.write(enter);
  signal.addEventListener('abort', () => done.resolve(), { once: true });
  draw();
  const listen = async (): Promise<void> => {
    for await (const each of heard) {
      story.hear(each);
      drawSoon();
    }
  };
  try {
    // A watch that has ended leaves what it told on the screen.
    await Promise.race([done.promise, listen().then(() => done.promise)]);
  } finally {
    clearTimeout(timer);
    stdin.off('keypress', onKey);
    stdout.off('resize', drawSoon);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(leave);
  }
}
