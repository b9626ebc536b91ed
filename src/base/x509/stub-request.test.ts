import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { Pkcs10CertificateRequest } from './library.ts';
import { createStubRequest } from './stub-request.ts';

const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;

test.each<[string, KeyObject]>([
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey],
  ['P-256', ec('P-256')],
  ['P-384', ec('P-384')],
])('a request with a key of kind %s proves that its maker has the key', async (_name, key) => {
  const request = new Pkcs10CertificateRequest(createStubRequest(key));
  expect(request.subject).toBe('');
  expect(await request.verify()).toBe(true);
});

test.each<[string, KeyObject]>([
  ['P-521', ec('P-521')],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey],
])('also with one of kind %s, which the library does not know', (_name, key) => {
  const output = execFileSync('openssl', ['req', '-inform', 'DER', '-verify', '-noout', '-text'], {
    input: createStubRequest(key),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  expect(output).toContain('Certificate Request');
});
