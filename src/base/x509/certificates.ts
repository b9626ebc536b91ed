import { type KeyObject, randomBytes } from 'node:crypto';
import { publicHalf } from './keys.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './library.ts';
import {
  type AlternativeNames,
  type Subject,
  signingAlgorithm,
  toAlternativeNames,
  toCryptoKey,
  toName,
} from './web-crypto.ts';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A certificate authority that can sign. */
export interface Authority {
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
}

export interface LeafRequest extends Validity, AlternativeNames {
  readonly subject: Subject;
  /** The key the certificate is for; of a private key, its public half is taken. */
  readonly key: KeyObject;
  readonly usages: readonly ('server' | 'client')[];
}

/** Signs a new authority's certificate with its own key; its name is also its DNS name, as kubeadm's are. PEM. */
export async function selfSignAuthority(
  request: Validity & { readonly commonName: string; readonly key: KeyObject },
): Promise<string> {
  const name = toName({ commonName: request.commonName });
  const publicKey = toCryptoKey(publicHalf(request.key));
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: name,
    issuer: name,
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey,
    signingKey: toCryptoKey(request.key),
    signingAlgorithm: signingAlgorithm(request.key),
    extensions: [
      new KeyUsagesExtension(leafUsage | KeyUsageFlags.keyCertSign, true),
      new BasicConstraintsExtension(true, undefined, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...toAlternativeNames({ dnsNames: [request.commonName] }),
    ],
  });
  return toPem(certificate);
}

/** Signs a server's or client's certificate. PEM. */
export async function signCertificate(request: LeafRequest, authority: Authority): Promise<string> {
  const issuer = new X509Certificate(authority.certificatePem);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: toName(request.subject),
    issuer: issuer.subjectName,
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: toCryptoKey(publicHalf(request.key)),
    signingKey: toCryptoKey(authority.privateKey),
    signingAlgorithm: signingAlgorithm(authority.privateKey),
    extensions: [
      new KeyUsagesExtension(leafUsage, true),
      new ExtendedKeyUsageExtension(request.usages.map((usage) => usageOids[usage])),
      new BasicConstraintsExtension(false, undefined, true),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...toAlternativeNames(request),
    ],
  });
  return toPem(certificate);
}

const leafUsage = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;

const usageOids = { server: ExtendedKeyUsage.serverAuth, client: ExtendedKeyUsage.clientAuth } as const;

const toPem = (certificate: X509Certificate): string => `${certificate.toString('pem').trim()}\n`;

/** 63 random bits: positive, and never zero. */
function newSerial(): string {
  const bytes = randomBytes(8);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
