import { createPublicKey } from 'node:crypto';
import type { FakeApi } from '../../api/fake.ts';
import type { ApiObject } from '../../api/port.ts';
import { type Authority, selfSignAuthority, signCertificate } from '../../base/x509/certificates.ts';
import { generateKey } from '../../base/x509/keys.ts';
import { Pkcs10CertificateRequest } from '../../base/x509/library.ts';

/** For tests: the cluster's signer. */

export const csrPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

export interface SigningRequestObject extends ApiObject {
  spec: { request: string; signerName: string; usages: string[]; expirationSeconds?: number };
}

export const pemOf = (request: SigningRequestObject): string =>
  Buffer.from(request.spec.request, 'base64').toString('utf8');

export async function anAuthority(): Promise<Authority> {
  const privateKey = await generateKey('ECDSA-P256');
  const [notBefore, notAfter] = [new Date('2020-01-01'), new Date('2040-01-01')];
  return {
    certificatePem: await selfSignAuthority({ commonName: 'kubernetes', key: privateKey, notBefore, notAfter }),
    privateKey,
  };
}

/** A certificate as the signer would give it for this request. */
export async function sign(
  authority: Authority,
  requestPem: string,
  validity: { readonly notBefore: Date; readonly notAfter: Date },
  names: { readonly dnsNames?: readonly string[]; readonly ipAddresses?: readonly string[] } = {},
): Promise<string> {
  const csr = new Pkcs10CertificateRequest(requestPem);
  const key = createPublicKey({ key: Buffer.from(csr.publicKey.rawData), format: 'der', type: 'spki' });
  const subject = { commonName: csr.subjectName.getField('CN')[0] ?? '', organizations: ['system:nodes'] };
  return signCertificate({ subject, key, usages: ['client', 'server'], ...validity, ...names }, authority);
}

/** Every request the API holds. */
export async function storedRequests(api: FakeApi): Promise<readonly SigningRequestObject[]> {
  return (await api.list<SigningRequestObject>(csrPath)).items;
}

/** Approves a request with this certificate. */
export function approve(api: FakeApi, request: SigningRequestObject, certificatePem: string): void {
  const status = {
    conditions: [{ type: 'Approved', status: 'True' }],
    certificate: Buffer.from(certificatePem).toString('base64'),
  };
  api.put(`${csrPath}/${request.metadata?.name}`, { ...request, status } as ApiObject);
}
