import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the pod side of the kubelet tells. */
export type PodRecord = { readonly kind: 'pod.note'; readonly message: string };

export const podProjections: Projections<PodRecord> = {
  'pod.note': { log: ({ message }) => info(2, message) },
};
