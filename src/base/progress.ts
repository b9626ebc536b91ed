import type { Instant } from './clock.ts';

/** What a long piece of work tells while it runs. Steps never draw: the CLI's renderers listen. */
export type ProgressEvent =
  | { readonly type: 'stepStarted'; readonly step: string; readonly at: Instant }
  | { readonly type: 'stepDetail'; readonly step: string; readonly text: string }
  | {
      readonly type: 'stepEnded';
      readonly step: string;
      readonly ms: number;
      readonly cached?: boolean;
      readonly error?: Error;
    };

export type Progress = (event: ProgressEvent) => void;

export const silentProgress: Progress = () => undefined;
