import type { PemPair } from '../types.ts';
import { toYaml } from '../yaml.ts';

export type Credentials =
  | { readonly kind: 'certificate'; readonly pair: PemPair }
  /** Certificate and key in one file, which the kubelet renews. */
  | { readonly kind: 'certificateFile'; readonly path: string }
  | { readonly kind: 'token'; readonly token: string };

export interface KubeconfigSpec {
  readonly cluster: string;
  /** Like `https://172.18.0.2:6443`. */
  readonly server: string;
  readonly caPem: string;
  readonly user: string;
  /** kubeadm's habit, USER@CLUSTER, unless given. */
  readonly context?: string;
  readonly credentials: Credentials;
}

/** A kubeconfig with one cluster, one user and one context, as YAML. */
export function renderKubeconfig(spec: KubeconfigSpec): string {
  const context = spec.context ?? `${spec.user}@${spec.cluster}`;
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: spec.cluster, cluster: { server: spec.server, 'certificate-authority-data': base64(spec.caPem) } },
    ],
    contexts: [{ name: context, context: { cluster: spec.cluster, user: spec.user } }],
    'current-context': context,
    users: [{ name: spec.user, user: renderCredentials(spec.credentials) }],
  });
}

function renderCredentials(credentials: Credentials): Readonly<Record<string, string>> {
  switch (credentials.kind) {
    case 'certificate':
      return {
        'client-certificate-data': base64(credentials.pair.certificatePem),
        'client-key-data': base64(credentials.pair.privateKeyPem),
      };
    case 'certificateFile':
      return { 'client-certificate': credentials.path, 'client-key': credentials.path };
    case 'token':
      return { token: credentials.token };
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
