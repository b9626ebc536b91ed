import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { kubeApi } from '../../api/client.ts';
import { isUnreachable } from '../../api/errors.ts';
import { type KubeconfigAccess, parseKubeconfig } from '../../api/kubeconfig.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { parseCertificate } from '../../base/x509/parse.ts';
import type { Journal } from '../../journal/journal.ts';
import { failWithoutCertificate } from './deadline.ts';
import { obtainFirstCertificate } from './first-certificate.ts';
import { holds, keepCertificate } from './rotation.ts';
import { type CertificateStore, certificateStore, type StoredCertificate } from './store.ts';

export interface ClientAccessOptions {
  readonly kubeconfig: string;
  readonly bootstrapKubeconfig: string;
  readonly certDir: string;
  readonly rotate: boolean;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly userAgent: string;
  readonly onRequest: (request: { method: string; path: string; code: number; ms: number }) => void;
  /** Ends the wait for the first certificate. */
  readonly signal: AbortSignal;
}

export interface ClientAccess {
  readonly api: KubeApi;
  /** Resolves once there is a certificate to be somebody with. */
  ready(signal: AbortSignal): Promise<void>;
  /** Rotates the certificate until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** The text of a file; undefined when it is not there. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a kubeconfig can still be used: it can be read, and no certificate in it has ended. */
export function kubeconfigIsValid(path: string, now: Date): boolean {
  try {
    const text = readIfThere(path);
    if (text === undefined) return false;
    const certificate = parseKubeconfig(text, path).credentials.certificate?.();
    if (certificate === undefined) return false;
    return parseCertificate(certificate.cert).notAfter > now;
  } catch {
    return false;
  }
}

/** The kubeconfig that a bootstrapped kubelet leaves behind: same server, its own certificate. */
export function renderKubeletKubeconfig(bootstrapText: string, pemPath: string): string {
  const access = parseKubeconfig(bootstrapText, 'bootstrap kubeconfig');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default-cluster',
        cluster: {
          server: access.server,
          ...(access.caFile !== undefined
            ? { 'certificate-authority': access.caFile }
            : access.ca === undefined
              ? {}
              : { 'certificate-authority-data': Buffer.from(access.ca).toString('base64') }),
          ...(access.insecureSkipVerify ? { 'insecure-skip-tls-verify': true } : {}),
        },
      },
    ],
    contexts: [
      { name: 'default-context', context: { cluster: 'default-cluster', namespace: 'default', user: 'default-auth' } },
    ],
    'current-context': 'default-context',
    users: [{ name: 'default-auth', user: { 'client-certificate': pemPath, 'client-key': pemPath } }],
  });
}

async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** A kubeconfig names a file that holds certificate and key, or will: read when a connection is made. */
function fileCredentials(store: CertificateStore): { cert: string; key: string } | undefined {
  const current = store.current();
  return current === undefined ? undefined : { cert: current.pem, key: current.pem };
}

function certificateOf(access: KubeconfigAccess): StoredCertificate | undefined {
  try {
    const pair = access.credentials.certificate?.();
    if (pair === undefined) return undefined;
    const { notBefore, notAfter } = parseCertificate(pair.cert);
    return { pem: pair.cert, notBefore, notAfter };
  } catch {
    return undefined;
  }
}

/**
 * The kubelet's way to the API server: with the certificate its kubeconfig names or, where there is none yet, one that
 * it asks for with the bootstrap kubeconfig: meanwhile, or, when it will not be rotated, before this resolves. https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
 */
export async function clientAccess(options: ClientAccessOptions): Promise<ClientAccess> {
  const { kubeconfig, bootstrapKubeconfig, certDir, clock, journal, userAgent, onRequest } = options;
  const store = certificateStore(certDir, 'kubelet-client');
  const bootstrapText = bootstrapKubeconfig === '' ? undefined : readIfThere(bootstrapKubeconfig);
  const needsBootstrap = bootstrapText !== undefined && !kubeconfigIsValid(kubeconfig, new Date(clock.now()));
  let bootstrapApi: KubeApi | undefined;
  if (needsBootstrap) {
    journal.write({ kind: 'certificate.bootstrapping', inBackground: options.rotate });
    const { server, ca, insecureSkipVerify, credentials } = parseKubeconfig(bootstrapText, bootstrapKubeconfig);
    const asBootstrap = kubeApi({ server, ca, insecureSkipVerify, credentials, userAgent, onRequest });
    if (options.rotate) bootstrapApi = asBootstrap;
    else {
      const { nodeName, signal } = options;
      await obtainFirstCertificate({ api: asBootstrap, store, clock, journal, nodeName }, signal);
      asBootstrap.closeConnections();
      signal.throwIfAborted();
    }
    await writePrivate(kubeconfig, renderKubeletKubeconfig(bootstrapText, store.currentPath));
  }
  const access: KubeconfigAccess = parseKubeconfig(readFileSync(kubeconfig, 'utf8'), kubeconfig);
  const usesToken = access.credentials.token?.() !== undefined;
  const usesStore = () => !usesToken && store.current() !== undefined;
  /** The store's, or the one that the kubeconfig came with. */
  const current = () => store.current() ?? certificateOf(access);
  const hasOwn = () => holds(store.current(), clock.now());
  const api = kubeApi({
    server: access.server,
    ca: access.ca,
    insecureSkipVerify: access.insecureSkipVerify,
    credentials: {
      certificate: () => (options.rotate && usesStore() ? fileCredentials(store) : access.credentials.certificate?.()),
      ...(access.credentials.token === undefined ? {} : { token: access.credentials.token }),
    },
    userAgent,
    onRequest,
  });
  const waiting: (() => void)[] = [];
  const isReady = () => bootstrapApi === undefined || hasOwn();

  return {
    api,
    ready: (signal) =>
      new Promise((resolve, reject) => {
        if (isReady()) return resolve();
        waiting.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    async run(signal) {
      if (!options.rotate) return;
      const keeping = keepCertificate(
        {
          purpose: 'client',
          store,
          clock,
          journal,
          random: Math.random,
          signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
          usage: 'client auth',
          api: () => (hasOwn() ? api : (bootstrapApi ?? api)),
          names: () => ({ commonName: `system:node:${options.nodeName}`, dnsNames: [], ipAddresses: [] }),
          covers: () => true,
          onNew: () => {
            api.closeConnections();
            bootstrapApi?.closeConnections();
            for (const wake of waiting.splice(0)) wake();
          },
        },
        signal,
      );
      const serverAnswers = () =>
        api.raw('/healthz', { signal }).then(
          () => true,
          (error: unknown) => !isUnreachable(error),
        );
      await Promise.all([
        keeping,
        ...(!usesToken ? [failWithoutCertificate({ current, clock, serverAnswers }, signal)] : []),
      ]);
    },
  };
}
