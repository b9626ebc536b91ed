import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Authority, selfSignAuthority, signCertificate } from './certificates.ts';
import { generateKey, keyAlgorithms, privateKeyFromPem, privateKeyToPem, publicKeyToPem } from './keys.ts';
import { parseCertificate, publicKeyHash } from './parse.ts';
import { createCertificateRequest, parseCertificateRequest } from './requests.ts';

const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2027-01-01T00:00:00Z');

describe('keys', () => {
  test.each(keyAlgorithms.filter((a) => a !== 'RSA-4096' && a !== 'RSA-3072'))(
    '%s survives PEM in its own form',
    async (algorithm) => {
      const key = await generateKey(algorithm);
      const pem = privateKeyToPem(key);
      expect(pem).toMatch(new RegExp(`^-----BEGIN ${algorithm.startsWith('RSA') ? 'RSA' : 'EC'} PRIVATE KEY-----`));
      expect(privateKeyFromPem(`some text\n${pem}`).equals(key)).toBe(true);
      expect(publicKeyToPem(key)).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    },
  );

  test('PKCS#8 is read too', async () => {
    const key = await generateKey('ECDSA-P256');
    expect(privateKeyFromPem(key.export({ format: 'pem', type: 'pkcs8' }).toString()).equals(key)).toBe(true);
  });

  test('text without a key is refused', () => {
    expect(() => privateKeyFromPem('-----BEGIN CERTIFICATE-----')).toThrow('no private key');
  });
});

describe.each(['RSA-2048', 'ECDSA-P256', 'ECDSA-P384'] as const)('certificates signed with %s', (algorithm) => {
  let authority: Authority;
  beforeAll(async () => {
    const privateKey = await generateKey(algorithm);
    const certificatePem = await selfSignAuthority({ commonName: 'kubernetes', key: privateKey, notBefore, notAfter });
    authority = { certificatePem, privateKey };
  });

  test('the authority signs itself and may sign others', () => {
    const certificate = new X509Certificate(authority.certificatePem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(parseCertificate(authority.certificatePem)).toEqual({
      commonName: 'kubernetes',
      organizations: [],
      issuerCommonName: 'kubernetes',
      notBefore,
      notAfter,
      dnsNames: ['kubernetes'],
      ipAddresses: [],
      isAuthority: true,
      serverAuth: false,
      clientAuth: false,
    });
  });

  test('a leaf is what was asked for, and chains to the authority', async () => {
    const key = await generateKey('ECDSA-P256');
    const pem = await signCertificate(
      {
        subject: { commonName: 'system:node:a', organizations: ['system:nodes', 'more'] },
        key,
        usages: ['server', 'client'],
        dnsNames: ['a', 'a.example'],
        ipAddresses: ['10.0.0.1', '::1'],
        notBefore,
        notAfter,
      },
      authority,
    );
    const certificate = new X509Certificate(pem);
    const issuer = new X509Certificate(authority.certificatePem);
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyToPem(key)))).toBe(true);
    expect(certificate.checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(parseCertificate(pem)).toEqual({
      commonName: 'system:node:a',
      organizations: ['system:nodes', 'more'],
      issuerCommonName: 'kubernetes',
      notBefore,
      notAfter,
      dnsNames: ['a', 'a.example'],
      ipAddresses: ['10.0.0.1', '0:0:0:0:0:0:0:1'],
      isAuthority: false,
      serverAuth: true,
      clientAuth: true,
    });
  });

  test('a request names its subject and proves its key', async () => {
    const subject = { commonName: 'system:node:a', organizations: ['system:nodes'] };
    const pem = await createCertificateRequest({ subject, key: authority.privateKey });
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n/);
    expect(await parseCertificateRequest(pem)).toEqual({ ...subject, signed: true });
  });
});

test('the hash of a public key does not depend on the certificate around it', async () => {
  const key = await generateKey('ECDSA-P256');
  const [a, b] = await Promise.all(
    ['a', 'b'].map((commonName) => selfSignAuthority({ commonName, key, notBefore, notAfter })),
  );
  expect(publicKeyHash(a ?? '')).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(publicKeyHash(a ?? '')).toBe(publicKeyHash(b ?? ''));
});

test('text without a certificate is refused', () => {
  expect(() => parseCertificate('')).toThrow('no certificate');
});
