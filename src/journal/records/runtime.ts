import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the runtime side of the kubelet tells. */
export type RuntimeRecord = { readonly kind: 'runtime.note'; readonly message: string };

export const runtimeProjections: Projections<RuntimeRecord> = {
  'runtime.note': { log: ({ message }) => info(2, message) },
};
