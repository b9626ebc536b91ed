import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the volume side of the kubelet tells. */
export type VolumeRecord = { readonly kind: 'volume.note'; readonly message: string };

export const volumeProjections: Projections<VolumeRecord> = {
  'volume.note': { log: ({ message }) => info(2, message) },
};
