import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the resource side of the kubelet tells. */
export type ResourceRecord = { readonly kind: 'resource.note'; readonly message: string };

export const resourceProjections: Projections<ResourceRecord> = {
  'resource.note': { log: ({ message }) => info(2, message) },
};
