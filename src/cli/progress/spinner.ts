import { stripVTControlCharacters } from 'node:util';
import { Chalk } from 'chalk';
import { figures, Spinner } from 'listr2';
import type { TextOutput } from '../command.ts';
import { formatDuration } from '../duration.ts';
import type { ProgressView } from './view.ts';

const FRAME_MS = 100;
const UP_AND_CLEAR = '\x1b[1A\x1b[2K';

/**
 * Spinners for the steps that are under way, in the last lines of a terminal; a step that ended becomes a line above
 * them that stays. `color` is off with NO_COLOR.
 */
export function spinnerView(terminal: TextOutput, verbosity: number, color: boolean): ProgressView {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const spinner = new Spinner();
  const running = new Map<string, string>();
  let drawn = 0;

  const draw = (above = '') => {
    const lines = [...running].map(([step, detail]) => {
      const text = fitting(detail === '' ? step : `${step}: ${detail}`, terminal.columns);
      return ` ${chalk.cyan(spinner.fetch())} ${text.slice(0, step.length)}${chalk.dim(text.slice(step.length))}\n`;
    });
    terminal.write(`${UP_AND_CLEAR.repeat(drawn)}${above}${lines.join('')}`);
    drawn = lines.length;
  };
  // listr2's spinner says that it runs even after it was stopped, so that is kept here.
  let turning = false;
  const turn = (on: boolean) => {
    if (on === turning) return;
    turning = on;
    if (on) spinner.start(draw, FRAME_MS);
    else spinner.stop();
  };

  return {
    progress: (event) => {
      switch (event.type) {
        case 'stepStarted':
          running.set(event.step, '');
          draw();
          turn(true);
          return;
        case 'stepDetail': {
          const detail = lastLine(event.text);
          if (running.has(event.step)) running.set(event.step, detail);
          if (verbosity >= 1) draw(`   ${chalk.dim(`${event.step}: ${detail}`)}\n`);
          return;
        }
        case 'stepEnded': {
          running.delete(event.step);
          turn(running.size > 0);
          const mark = event.error ? chalk.red(figures.cross) : chalk.green(figures.tick);
          draw(` ${mark} ${event.step} ${chalk.dim(event.cached ? '(cached)' : formatDuration(event.ms))}\n`);
        }
      }
    },
    note: (text) => draw(`${text}\n`),
    close: () => {
      turn(false);
      running.clear();
      draw();
    },
  };
}

const lastLine = (text: string): string =>
  stripVTControlCharacters(text)
    .trimEnd()
    .split(/[\r\n]/)
    .at(-1)
    ?.trim() ?? '';

/** Cut so that a line with its mark stays one line: a wrapped one could not be cleared. */
function fitting(text: string, columns = 80): string {
  const room = Math.max(10, columns - 4);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
