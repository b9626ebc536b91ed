import type { KeyObject } from 'node:crypto';
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from './library.ts';
import {
  type AlternativeNames,
  type Subject,
  signingAlgorithm,
  toAlternativeNames,
  toCryptoKeyPair,
  toName,
} from './web-crypto.ts';

/**
 * A certificate signing request (PKCS#10) as PEM, signed with the private key. A kubelet asks with
 * O=system:nodes and CN=system:node:NAME.
 */
export async function createCertificateRequest(
  request: AlternativeNames & { readonly subject: Subject; readonly key: KeyObject },
): Promise<string> {
  const csr = await Pkcs10CertificateRequestGenerator.create({
    name: toName(request.subject),
    keys: toCryptoKeyPair(request.key),
    signingAlgorithm: signingAlgorithm(request.key),
    extensions: toAlternativeNames(request),
  });
  return `${csr.toString('pem').trim()}\n`;
}

/** Whom a request (PEM) asks for; `signed` says whether its signature fits its public key. */
export async function parseCertificateRequest(pem: string): Promise<Required<Subject> & { readonly signed: boolean }> {
  const csr = new Pkcs10CertificateRequest(pem);
  return {
    commonName: csr.subjectName.getField('CN')[0] ?? '',
    organizations: csr.subjectName.getField('O'),
    signed: await csr.verify(),
  };
}
