import type { ProgressEvent } from '../../base/progress.ts';
import type { ProgressView } from './view.ts';

/** One JSON object a line: for programs. */
export function jsonView(write: (text: string) => void): ProgressView {
  const line = (value: unknown) => write(`${JSON.stringify(value)}\n`);
  return {
    progress: (event) => line(plainEvent(event)),
    note: (text) => line({ type: 'note', text }),
    close: () => undefined,
  };
}

function plainEvent(event: ProgressEvent): unknown {
  if (event.type !== 'stepEnded' || event.error === undefined) return event;
  const { name, message } = event.error;
  return { ...event, error: { name, message } };
}
