import { createHash, X509Certificate } from 'node:crypto';

/** What a certificate says, read with Node's own parser (no dependency: the kubelet reads its own at each start). */
export interface ParsedCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly issuerCommonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly isAuthority: boolean;
  readonly serverAuth: boolean;
  readonly clientAuth: boolean;
}

/** Reads the first certificate in a PEM text; throws when there is none. */
export function parseCertificate(pem: string): ParsedCertificate {
  const certificate = new X509Certificate(firstCertificate(pem));
  const names = (certificate.subjectAltName ?? '').split(', ');
  const named = (prefix: string) => names.filter((n) => n.startsWith(prefix)).map((n) => n.slice(prefix.length));
  const usages: readonly string[] = certificate.keyUsage ?? [];
  return {
    commonName: fieldsOf(certificate.subject, 'CN')[0] ?? '',
    organizations: fieldsOf(certificate.subject, 'O'),
    issuerCommonName: fieldsOf(certificate.issuer, 'CN')[0] ?? '',
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    dnsNames: named('DNS:'),
    ipAddresses: named('IP Address:'),
    isAuthority: certificate.ca,
    serverAuth: usages.includes(serverAuthOid),
    clientAuth: usages.includes(clientAuthOid),
  };
}

/** `sha256:…` of the certificate's public key: what `kubeadm join --discovery-token-ca-cert-hash` compares. */
export function publicKeyHash(certificatePem: string): string {
  const spki = new X509Certificate(firstCertificate(certificatePem)).publicKey.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

function firstCertificate(pem: string): string {
  const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem);
  if (block === null) throw new Error('no certificate in the PEM text');
  return block[0];
}

/** Node prints a name with one `KEY=value` on each line. */
const fieldsOf = (name: string, key: string): readonly string[] =>
  name
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));

const serverAuthOid = '1.3.6.1.5.5.7.3.1';
const clientAuthOid = '1.3.6.1.5.5.7.3.2';
