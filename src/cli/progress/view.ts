import type { Progress } from '../../base/progress.ts';

/** How progress is shown on stderr. Steps never draw; a view listens to what they tell. */
export interface ProgressView {
  readonly progress: Progress;
  /** A line of talk, put where it does not spoil what is drawn. */
  note(text: string): void;
  /** Ends drawing; what was drawn stays. */
  close(): void;
}

export const silentView: ProgressView = { progress: () => undefined, note: () => undefined, close: () => undefined };
