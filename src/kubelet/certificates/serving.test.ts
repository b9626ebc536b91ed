import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeAddress } from '../../api/types.ts';
import { parseCertificate } from '../../base/x509/parse.ts';
import { ensureSelfSigned, fileCertificate, selfSignedPaths, servingNames } from './serving.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pki-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the self-signed certificate', () => {
  const now = new Date('2026-06-01T12:00:00Z');

  test('is for the node, from an hour ago for a year, and its key is private', async () => {
    const { certFile, keyFile } = selfSignedPaths(folder);
    expect(await ensureSelfSigned(certFile, keyFile, 'n1', now)).toBe(true);
    expect(parseCertificate(await readFile(certFile, 'utf8'))).toMatchObject({
      dnsNames: ['n1'],
      serverAuth: true,
      notBefore: new Date('2026-06-01T11:00:00Z'),
      notAfter: new Date('2027-06-01T12:00:00Z'),
    });
    expect((await stat(certFile)).mode & 0o777).toBe(0o644);
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const { cert = '', key = '' } = fileCertificate(certFile, keyFile).current() ?? {};
    expect(() => createSecureContext({ cert, key })).not.toThrow();
  });

  test('of a node that is named by its address', async () => {
    const { certFile, keyFile } = selfSignedPaths(folder);
    await ensureSelfSigned(certFile, keyFile, '10.0.0.1', now);
    expect(parseCertificate(await readFile(certFile, 'utf8')).ipAddresses).toEqual(['10.0.0.1']);
  });

  test('is followed by the authority that signed it', async () => {
    const { certFile, keyFile } = selfSignedPaths(folder);
    await ensureSelfSigned(certFile, keyFile, 'n1', now);
    const [leaf = '', authority = ''] = (await readFile(certFile, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/);
    const issuer = new X509Certificate(authority);
    expect(issuer.subject).toBe(`CN=n1-ca@${now.getTime() / 1000}`);
    expect(new X509Certificate(leaf).verify(issuer.publicKey)).toBe(true);
  });

  test('is made once', async () => {
    const { certFile, keyFile } = selfSignedPaths(folder);
    await ensureSelfSigned(certFile, keyFile, 'n1', now);
    const first = await readFile(certFile, 'utf8');
    expect(await ensureSelfSigned(certFile, keyFile, 'n1', now)).toBe(false);
    expect(await readFile(certFile, 'utf8')).toBe(first);
  });
});

test('files are read anew when they change', async () => {
  const [certFile, keyFile] = [join(folder, 'a.crt'), join(folder, 'a.key')];
  await writeFile(certFile, 'one');
  await writeFile(keyFile, 'key');
  const certificate = fileCertificate(certFile, keyFile);
  const before = certificate.version();
  expect(certificate.version()).toBe(before);
  await writeFile(certFile, 'two');
  await utimes(certFile, 1, 1);
  expect(certificate.version()).not.toBe(before);
  expect(certificate.current()).toEqual({ cert: 'two', key: 'key' });
});

describe('the names that the cluster is asked to vouch for', () => {
  const of = (...addresses: NodeAddress[]) => servingNames('n1', addresses);
  const address = (type: string, value: string): NodeAddress => ({ type, address: value });

  test('none before the node has an address', () => expect(of(address('Hostname', 'n1'))).toBeUndefined());

  test('each address of the node, sorted and once', () =>
    expect(
      of(
        address('InternalIP', '172.18.0.9'),
        address('InternalIP', '172.18.0.2'),
        address('ExternalIP', '172.18.0.2'),
        address('Hostname', 'n1'),
        address('InternalDNS', 'a.internal'),
        address('ExternalDNS', 'n1'),
      ),
    ).toEqual({
      commonName: 'system:node:n1',
      dnsNames: ['a.internal', 'n1'],
      ipAddresses: ['172.18.0.2', '172.18.0.9'],
    }));

  test('a name that is an address is one', () =>
    expect(of(address('InternalIP', '10.0.0.1'), address('Hostname', '10.0.0.2'))).toEqual({
      commonName: 'system:node:n1',
      dnsNames: [],
      ipAddresses: ['10.0.0.1', '10.0.0.2'],
    }));
});
