import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the image side of the kubelet tells. */
export type ImageRecord = { readonly kind: 'image.note'; readonly message: string };

export const imageProjections: Projections<ImageRecord> = {
  'image.note': { log: ({ message }) => info(2, message) },
};
