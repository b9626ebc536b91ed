import type { Instant } from '../../base/clock.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/pod-certificate-request-v1/ */
export interface PodCertificateRequest {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
  };
  readonly spec?: { readonly podUID?: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
    readonly certificateChain?: string;
    readonly beginRefreshAt?: string;
    readonly notAfter?: string;
  };
}

/** What a pod shows: a private key and the certificates for it, as PEM. */
export interface PodCredentials {
  readonly keyPem: string;
  readonly chainPem: string;
  readonly refreshAt: Instant;
  readonly endsAt: Instant;
}

/** How far a pod's certificate is. */
export type CertificateState =
  | {
      readonly kind: 'waiting';
      /** `namespace/name` of the request. */
      readonly request: string;
      readonly keyPem: string;
      /** When the request, if it cannot be found then, counts as deleted. */
      readonly lostAt: Instant;
      /** What is shown meanwhile; absent the first time. */
      readonly shown: PodCredentials | undefined;
    }
  | { readonly kind: 'issued'; readonly credentials: PodCredentials }
  | { readonly kind: 'refused'; readonly how: 'denied' | 'failed'; readonly reason: string; readonly message: string };

const block = /-----BEGIN [A-Z0-9 ]+-----[A-Za-z0-9+/=\s]*-----END [A-Z0-9 ]+-----/g;

/** The chain's certificates without what stands between them. */
const cleanChain = (chain: string): string => [...chain.matchAll(block)].map(([pem]) => `${pem}\n`).join('');

/** What a waiting state becomes once its request is answered; undefined while it is not. `jitterMs` delays the renewal. */
export function decideAnswered(
  state: Extract<CertificateState, { kind: 'waiting' }>,
  request: PodCertificateRequest,
  jitterMs: number,
): CertificateState | undefined {
  const { conditions = [], certificateChain = '', beginRefreshAt = '', notAfter = '' } = request.status ?? {};
  const answer = conditions.find(({ type }) => ['Denied', 'Failed', 'Issued'].includes(type));
  if (answer === undefined) return undefined;
  if (answer.type !== 'Issued') {
    const how = answer.type === 'Denied' ? 'denied' : 'failed';
    return { kind: 'refused', how, reason: answer.reason ?? '', message: answer.message ?? '' };
  }
  return {
    kind: 'issued',
    credentials: {
      keyPem: state.keyPem,
      chainPem: cleanChain(certificateChain),
      refreshAt: Date.parse(beginRefreshAt) + jitterMs,
      endsAt: Date.parse(notAfter),
    },
  };
}

/** What a state shows in the pod. Throws, in upstream's words, while it has nothing to show. */
export function credentialsOf(state: CertificateState): PodCredentials {
  const shown = state.kind === 'issued' ? state.credentials : state.kind === 'waiting' ? state.shown : undefined;
  if (shown !== undefined) return shown;
  if (state.kind !== 'refused') throw new Error('credential bundle is not issued yet');
  const { how, reason, message } = state;
  throw new Error(
    `PodCertificateRequest was permanently ${how}: reason=${JSON.stringify(reason)} message=${JSON.stringify(message)}`,
  );
}

const overdueMs = 600_000;

/** What has become late of the credentials that are shown. */
export function decideLateness(credentials: PodCredentials, now: Instant): readonly ('overdue' | 'expired')[] {
  return [
    ...(now > credentials.refreshAt + overdueMs ? (['overdue'] as const) : []),
    ...(now > credentials.endsAt ? (['expired'] as const) : []),
  ];
}
