import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the server side of the kubelet tells. */
export type ServerRecord = { readonly kind: 'server.note'; readonly message: string };

export const serverProjections: Projections<ServerRecord> = {
  'server.note': { log: ({ message }) => info(2, message) },
};
