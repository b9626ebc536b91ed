import type { Projections } from '../projection.ts';
import { info } from '../projection.ts';

/** What the certificate side of the kubelet tells. */
export type CertificateRecord = { readonly kind: 'certificate.note'; readonly message: string };

export const certificateProjections: Projections<CertificateRecord> = {
  'certificate.note': { log: ({ message }) => info(2, message) },
};
