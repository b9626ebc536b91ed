import { type Fields, numberOf, type WatchedRecord } from '../record.ts';
import type { Draft, Phase, Span } from './step.ts';

/** How records of each kind are told; a kind that is not here is told by its fields. */
export type Describers = Readonly<Record<string, (record: WatchedRecord) => Draft | readonly Draft[]>>;

export const did = (text: string, more: Partial<Draft> = {}): Draft => ({ stage: 'did', text, ...more });
export const failed = (text: string, more: Partial<Draft> = {}): Draft => ({ stage: 'failed', text, ...more });

/** The work that the record's `ms` tells of. */
export const span = (phase: Phase, fields: Fields, ok = true): { readonly span: Span } => ({
  span: { phase, ms: numberOf(fields, 'ms'), ok },
});
