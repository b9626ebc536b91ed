import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the node side of the kubelet tells. */
export type NodeRecord = { readonly kind: 'node.note'; readonly message: string };

export const nodeProjections: Projections<NodeRecord> = {
  'node.note': { log: ({ message }) => info(2, message) },
};
