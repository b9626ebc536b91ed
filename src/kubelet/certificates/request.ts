import { watchObjects } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Clock } from '../../base/clock.ts';

/** What the kubelet needs of a CertificateSigningRequest. https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ */
interface SigningRequest {
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  };
}

export interface SignOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly requestPem: string;
  readonly signerName: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving';
  readonly usage: 'client auth' | 'server auth';
}

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const waitMs = 15 * 60_000;

/** Files a request and waits for its certificate (PEM). Rejects when it is denied, fails, vanishes or takes too long. */
export async function requestCertificate({
  api,
  clock,
  signal,
  requestPem,
  signerName,
  usage,
}: SignOptions): Promise<string> {
  const request = await api.create<SigningRequest>(path, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'csr-' },
    spec: { request: Buffer.from(requestPem).toString('base64'), signerName, usages: ['digital signature', usage] },
  });
  const name = request.metadata?.name ?? '';
  const ended = new AbortController();
  const limit = AbortSignal.any([signal, ended.signal, AbortSignal.timeout(waitMs)]);
  try {
    const query = { fieldSelector: `metadata.name=${name}` };
    for await (const change of watchObjects<SigningRequest>({ api, path, query, clock, signal: limit })) {
      const seen = change.kind === 'synced' ? change.objects : [change.object];
      const found = seen.find(({ metadata }) => metadata?.uid === request.metadata?.uid);
      if (change.kind === 'deleted' || found === undefined)
        throw new Error(`the certificate signing request ${name} was deleted`);
      const refused = found.status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
      if (refused !== undefined) {
        throw new Error(
          `certificate signing request ${name} was ${refused.type.toLowerCase()}, reason: ${refused.reason ?? ''}, message: ${refused.message ?? ''}`,
        );
      }
      const approved = found.status?.conditions?.some(({ type }) => type === 'Approved') ?? false;
      const certificate = found.status?.certificate;
      if (approved && certificate) return Buffer.from(certificate, 'base64').toString('utf8');
    }
  } finally {
    ended.abort();
  }
  signal.throwIfAborted();
  throw new Error(`certificate signing request ${name} was not signed in time`);
}
