import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import type { KubeApi } from '../../api/port.ts';
import type { NodeAddress } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { parseCertificate } from '../../base/x509/parse.ts';
import type { Journal } from '../../journal/journal.ts';
import { keepCertificate } from './rotation.ts';
import { certificateStore } from './store.ts';

export interface ServingCertificate {
  /** PEM texts for the next handshake; undefined while none was issued. */
  current(): { readonly cert: string; readonly key: string } | undefined;
  /** Changes whenever `current` answers something else. */
  version(): string;
  run(signal: AbortSignal): Promise<void>;
}

const dayMs = 86_400_000;

/** Makes a certificate at these paths unless there is one: signed by an authority made for it alone, whose certificate follows. */
export async function ensureSelfSigned(
  certFile: string,
  keyFile: string,
  nodeName: string,
  now: Date,
): Promise<boolean> {
  if (existsSync(certFile) && existsSync(keyFile)) return false;
  // Loaded when needed only: it is the largest library the kubelet has.
  const [{ selfSignAuthority, signCertificate }, { generateKey, privateKeyToPem }] = await Promise.all([
    import('../../base/x509/certificates.ts'),
    import('../../base/x509/keys.ts'),
  ]);
  const [key, authorityKey] = await Promise.all([generateKey('RSA-2048'), generateKey('RSA-2048')]);
  const madeAt = Math.floor(now.getTime() / 1000);
  const validity = {
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + 365 * dayMs),
  };
  const authority = await selfSignAuthority({
    commonName: `${nodeName}-ca@${madeAt}`,
    key: authorityKey,
    ...validity,
  });
  const certificate = await signCertificate(
    {
      subject: { commonName: `${nodeName}@${madeAt}` },
      key,
      usages: ['server'],
      ...(isIP(nodeName) === 0 ? { dnsNames: [nodeName] } : { ipAddresses: [nodeName] }),
      ...validity,
    },
    { certificatePem: authority, privateKey: authorityKey },
  );
  await mkdir(dirname(certFile), { recursive: true });
  await writeFile(keyFile, privateKeyToPem(key), { mode: 0o600 });
  await writeFile(certFile, certificate + authority, { mode: 0o644 });
  return true;
}

/** A certificate from files, read anew when they change. */
export function fileCertificate(certFile: string, keyFile: string): ServingCertificate {
  const version = () => {
    const stamp = (path: string) => {
      const { mtimeMs, ino } = statSync(path);
      return `${ino}:${mtimeMs}`;
    };
    return `${stamp(certFile)} ${stamp(keyFile)}`;
  };
  return {
    version,
    current: () => ({ cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }),
    run: async () => undefined,
  };
}

export interface ClusterCertificateOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly certDir: string;
  readonly nodeName: string;
  readonly addresses: () => readonly NodeAddress[];
}

/** The names that the node's addresses call for; undefined while it has no IP address. */
export function servingNames(nodeName: string, addresses: readonly NodeAddress[]) {
  const ofTypes = (...types: readonly string[]) =>
    [...new Set(addresses.filter(({ type }) => types.includes(type)).map(({ address }) => address))].sort();
  const ipAddresses = ofTypes('InternalIP', 'ExternalIP');
  if (ipAddresses.length === 0) return undefined;
  // A node may be named by its address.
  const names = ofTypes('Hostname', 'InternalDNS', 'ExternalDNS');
  return {
    commonName: `system:node:${nodeName}`,
    dnsNames: names.filter((name) => isIP(name) === 0),
    ipAddresses: [...new Set([...ipAddresses, ...names.filter((name) => isIP(name) !== 0)])].sort(),
  };
}

/** A certificate from the cluster's signer (serverTLSBootstrap), renewed and following the node's addresses. */
export function clusterCertificate({
  api,
  clock,
  journal,
  certDir,
  nodeName,
  addresses,
}: ClusterCertificateOptions): ServingCertificate {
  const store = certificateStore(certDir, 'kubelet-server');
  return {
    version: () => store.current()?.notAfter.toISOString() ?? 'none',
    current() {
      const current = store.current();
      return current === undefined ? undefined : { cert: current.pem, key: current.pem };
    },
    run: (signal) =>
      keepCertificate(
        {
          purpose: 'serving',
          store,
          clock,
          journal,
          random: Math.random,
          signerName: 'kubernetes.io/kubelet-serving',
          usage: 'server auth',
          api: () => api,
          names: () => servingNames(nodeName, addresses()),
          covers: (pem) => {
            const wanted = servingNames(nodeName, addresses());
            const { ipAddresses, dnsNames } = parseCertificate(pem);
            return (
              wanted === undefined ||
              (wanted.ipAddresses.every((ip) => ipAddresses.includes(ip)) &&
                wanted.dnsNames.every((name) => dnsNames.includes(name)))
            );
          },
          onNew: () => undefined,
        },
        signal,
      ),
  };
}

/** Where the self-signed pair lies. */
export const selfSignedPaths = (certDir: string): { readonly certFile: string; readonly keyFile: string } => ({
  certFile: join(certDir, 'kubelet.crt'),
  keyFile: join(certDir, 'kubelet.key'),
});
