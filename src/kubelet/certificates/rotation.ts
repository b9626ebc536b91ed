import type { KubeApi } from '../../api/port.ts';
import { backoffMs } from '../../base/backoff.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { generateKey, privateKeyToPem } from '../../base/x509/keys.ts';
import type { Journal } from '../../journal/journal.ts';
import { requestCertificate, type SignOptions } from './request.ts';
import type { CertificateStore, StoredCertificate } from './store.ts';

/** When a certificate is to be replaced: somewhere between 70 and 90 % of its life. */
export const rotationDeadline = ({ notBefore, notAfter }: StoredCertificate, random: () => number): Instant =>
  notBefore.getTime() + (notAfter.getTime() - notBefore.getTime()) * (0.7 + 0.2 * random());

/** Whether a certificate is there and has not ended. */
export const holds = (certificate: StoredCertificate | undefined, now: Instant): boolean =>
  certificate !== undefined && now < certificate.notAfter.getTime();

export interface RotationOptions {
  readonly purpose: 'client' | 'serving';
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly random: () => number;
  readonly signerName: SignOptions['signerName'];
  readonly usage: SignOptions['usage'];
  /** Who to ask as: the bootstrap token while there is no certificate. */
  readonly api: () => KubeApi;
  /** The request's names; undefined: not known yet. Another answer than before calls for another certificate at once. */
  readonly names: () =>
    | { readonly commonName: string; readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
    | undefined;
  /** The names of the certificate in force fit. */
  readonly covers: (pem: string) => boolean;
  readonly onNew: () => void;
  /** Done when there is a certificate: nobody asked for rotation. */
  readonly once?: boolean;
}

const retry = { firstMs: 2000, factor: 2, maxMs: 32_000 };
const lookAgainMs = 1000;

/** Keeps a certificate of the cluster's signer: asks for the first one, and for another before it ends. */
export async function keepCertificate(options: RotationOptions, signal: AbortSignal): Promise<void> {
  const { store, clock, journal, purpose } = options;
  let deadlineOf: { readonly pem: string; readonly at: Instant } | undefined;
  const due = (): boolean => {
    const current = store.current();
    if (current === undefined || !options.covers(current.pem)) return true;
    if (deadlineOf?.pem !== current.pem)
      deadlineOf = { pem: current.pem, at: rotationDeadline(current, options.random) };
    return clock.now() >= deadlineOf.at;
  };
  let failures = 0;
  while (!signal.aborted) {
    if (options.once === true && holds(store.current(), clock.now())) return;
    const names = options.names();
    if (names === undefined || !due()) {
      await clock.sleep(lookAgainMs, signal).catch(() => undefined);
      continue;
    }
    try {
      await rotate(options, names, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      journal.write({ kind: 'certificate.failed', purpose, reason: messageOf(error) });
      await clock.sleep(backoffMs(retry, failures), signal).catch(() => undefined);
      failures += 1;
    }
  }
}

async function rotate(
  options: RotationOptions,
  names: NonNullable<ReturnType<RotationOptions['names']>>,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, journal, purpose, signerName, usage } = options;
  // Loaded when needed only: once a year for most kubelets, and it is the largest library they have.
  const { createCertificateRequest } = await import('../../base/x509/requests.ts');
  const key = await generateKey('ECDSA-P256');
  const { commonName, dnsNames, ipAddresses } = names;
  const requestPem = await createCertificateRequest({
    subject: { commonName, organizations: ['system:nodes'] },
    key,
    ...(dnsNames.length === 0 ? {} : { dnsNames }),
    ...(ipAddresses.length === 0 ? {} : { ipAddresses }),
  });
  journal.write({ kind: 'certificate.requested', purpose });
  const certificatePem = await requestCertificate({ api: options.api(), clock, signal, requestPem, signerName, usage });
  await store.replace(certificatePem, privateKeyToPem(key), new Date(clock.now()));
  journal.write({ kind: 'certificate.issued', purpose });
  options.onNew();
}
