import type { Step } from './story/index.ts';

/** Local time of day to the millisecond. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** What went on, and why, on one line whatever the text holds. */
export const stepText = ({ text, because }: Pick<Step, 'text' | 'because'>): string =>
  oneLine(because ? `${text} (because ${because})` : text);

/** One step as a line without its newline: time, node, pod, stage, text. */
export const renderStep = (step: Step): string =>
  [clockTime(step.at), step.node, step.pods.join(',') || '-', step.stage.padEnd(8), stepText(step)].join('  ');

/** Other people's output must not move the cursor or colour the terminal. */
const oneLine = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, ' ').replace(/\p{Cc}/gu, '');
