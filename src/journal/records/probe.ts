import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the probe side of the kubelet tells. */
export type ProbeRecord = { readonly kind: 'probe.note'; readonly message: string };

export const probeProjections: Projections<ProbeRecord> = {
  'probe.note': { log: ({ message }) => info(2, message) },
};
