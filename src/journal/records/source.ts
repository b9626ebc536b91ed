import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the source side of the kubelet tells. */
export type SourceRecord = { readonly kind: 'source.note'; readonly message: string };

export const sourceProjections: Projections<SourceRecord> = {
  'source.note': { log: ({ message }) => info(2, message) },
};
