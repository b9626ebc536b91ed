import { failure, info, type Projections } from '../projection.ts';

type Purpose = 'client' | 'serving';

/** What the certificates tell. */
export type CertificateRecord =
  | { readonly kind: 'certificate.bootstrapping' }
  | { readonly kind: 'certificate.requested'; readonly purpose: Purpose }
  | { readonly kind: 'certificate.issued'; readonly purpose: Purpose }
  | { readonly kind: 'certificate.failed'; readonly purpose: Purpose; readonly reason: string };

export const certificateProjections: Projections<CertificateRecord> = {
  'certificate.bootstrapping': { log: () => info(0, 'Client rotation is on, will bootstrap in background') },
  'certificate.requested': { log: ({ purpose }) => info(2, 'Rotating certificates', { purpose }) },
  'certificate.issued': { log: ({ purpose }) => info(2, 'Certificate signing request is issued', { purpose }) },
  'certificate.failed': {
    log: ({ purpose, reason }) =>
      failure('Failed while requesting a signed certificate from the control plane', { purpose, err: reason }),
    measure: ({ purpose }, meters) =>
      meters.count(
        purpose === 'client'
          ? 'kubelet_certificate_manager_client_expiration_renew_errors'
          : 'kubelet_server_expiration_renew_errors',
      ),
  },
};
