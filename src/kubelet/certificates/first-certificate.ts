import type { KubeApi } from '../../api/port.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { waitUntil } from '../../base/wait-until.ts';
import type { Journal } from '../../journal/journal.ts';
import { keepCertificate } from './rotation.ts';
import type { CertificateStore } from './store.ts';

export interface FirstCertificateOptions {
  /** With the bootstrap kubeconfig's credentials. */
  readonly api: KubeApi;
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
}

const healthyWithinMs = 60_000;
const healthEveryMs = 2000;

/** Gets the client certificate of a kubelet that will not rotate it: resolves once the store has one. */
export async function obtainFirstCertificate(
  { api, store, clock, journal, nodeName }: FirstCertificateOptions,
  signal: AbortSignal,
): Promise<void> {
  const healthy = () =>
    api.raw('/healthz', { signal }).then(
      () => true as const,
      (error: unknown) => messageOf(error),
    );
  // A request to a server that only starts would fail, and wait much longer before the next one.
  await waitUntil(healthy, { clock, everyMs: healthEveryMs, timeoutMs: healthyWithinMs, signal });
  await keepCertificate(
    {
      purpose: 'client',
      store,
      clock,
      journal,
      random: Math.random,
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usage: 'client auth',
      once: true,
      api: () => api,
      names: () => ({ commonName: `system:node:${nodeName}`, dnsNames: [], ipAddresses: [] }),
      covers: () => true,
      onNew: () => undefined,
    },
    signal,
  );
}
