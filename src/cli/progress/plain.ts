import { formatDuration } from '../duration.ts';
import type { ProgressView } from './view.ts';

/** One line when a step begins and one when it ends: for CI logs. From `-v 1` on with every detail. */
export function plainView(write: (text: string) => void, verbosity: number): ProgressView {
  return {
    progress: (event) => {
      switch (event.type) {
        case 'stepStarted':
          return write(` • ${event.step} …\n`);
        case 'stepDetail':
          return verbosity >= 1 ? write(`   ${event.step}: ${event.text}\n`) : undefined;
        case 'stepEnded':
          return write(
            ` ${event.error ? '✗' : '✓'} ${event.step} (${event.cached ? 'cached' : formatDuration(event.ms)})\n`,
          );
      }
    },
    note: (text) => write(`${text}\n`),
    close: () => undefined,
  };
}
