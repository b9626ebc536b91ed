import type { Played } from './replay.ts';

export interface TranscriptHead {
  readonly recordedAt: Date;
  /** Lines that say what it ran on: versions, kernel. */
  readonly versions: readonly string[];
}

/** A whole walk as a text file: every command and all that it printed. */
export function renderTranscript({ recordedAt, versions }: TranscriptHead, played: readonly Played[]): string {
  const lines = [
    'A walk through a node, as it went: every command of docs/walkthrough.md and all that it printed.',
    `Recorded ${recordedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC by the test in e2e/walkthrough (make walkthrough).`,
    ...versions,
  ];
  let section = '';
  for (const { step, output, section: title } of played) {
    if (title !== section) lines.push('', `=== ${title}`);
    section = title;
    lines.push('', `$ ${step.command}`, ...output);
  }
  return `${lines.join('\n')}\n`;
}
