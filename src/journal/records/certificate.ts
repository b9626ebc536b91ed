import type { ObjectReference } from '../../api/types.ts';
import { failure, info, type Projections, warningEvent } from '../projection.ts';

type Purpose = 'client' | 'serving';

/** What the certificates tell. */
export type CertificateRecord =
  | { readonly kind: 'certificate.bootstrapping'; readonly inBackground: boolean }
  | { readonly kind: 'certificate.requested'; readonly purpose: Purpose }
  | { readonly kind: 'certificate.issued'; readonly purpose: Purpose }
  | { readonly kind: 'certificate.failed'; readonly purpose: Purpose; readonly reason: string }
  | { readonly kind: 'certificate.podIssued'; readonly object: ObjectReference; readonly request: string }
  /** A signer will give this pod no certificate. */
  | {
      readonly kind: 'certificate.podRefused';
      readonly object: ObjectReference;
      readonly request: string;
      readonly how: 'denied' | 'failed';
      readonly reason: string;
      readonly message: string;
    }
  | { readonly kind: 'certificate.podLate'; readonly object: ObjectReference; readonly what: 'overdue' | 'expired' }
  | { readonly kind: 'certificate.podRenewalFailed'; readonly object: ObjectReference; readonly error: string };

const podOf = ({ namespace, name }: ObjectReference): string => `${namespace}/${name}`;

export const certificateProjections: Projections<CertificateRecord> = {
  'certificate.bootstrapping': {
    log: ({ inBackground }) =>
      inBackground
        ? info(0, 'Client rotation is on, will bootstrap in background')
        : info(0, 'Using bootstrap kubeconfig to generate TLS client cert, key and kubeconfig file'),
  },
  'certificate.requested': { log: ({ purpose }) => info(2, 'Rotating certificates', { purpose }) },
  'certificate.issued': { log: ({ purpose }) => info(2, 'Certificate signing request is issued', { purpose }) },
  'certificate.podIssued': {
    log: ({ object, request }) => info(4, 'PodCertificateRequest issued', { pod: podOf(object), pcr: request }),
  },
  'certificate.podRefused': {
    log: ({ object, request, how, reason, message }) =>
      info(4, `PodCertificateRequest ${how}`, { pod: podOf(object), pcr: request, reason, message }),
    event: ({ object, request, how, reason, message }) =>
      warningEvent(
        object,
        how === 'denied' ? 'Denied' : 'Failed',
        `PodCertificateRequest ${request} ${how === 'denied' ? 'was denied' : 'failed'}, reason=${JSON.stringify(reason)}, message=${JSON.stringify(message)}`,
      ),
  },
  'certificate.podLate': {
    event: ({ object, what }) =>
      what === 'expired'
        ? warningEvent(object, 'CertificateExpired', 'PodCertificate expired')
        : warningEvent(object, 'CertificateOverdueForRefresh', 'PodCertificate refresh overdue'),
  },
  'certificate.podRenewalFailed': {
    log: ({ object, error }) =>
      failure('while handling podCertificate projected volume source', { pod: podOf(object), err: error }),
  },
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
