import { lstat, mkdtemp, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Authority } from '../../base/x509/certificates.ts';
import { signCertificate } from '../../base/x509/certificates.ts';
import { generateKey, privateKeyToPem } from '../../base/x509/keys.ts';
import { certificateStore, datedName } from './store.ts';
import { anAuthority } from './testing.ts';

let authority: Authority;
let folder = '';
beforeAll(async () => {
  authority = await anAuthority();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pki-'));
});
afterEach(() => rm(folder, { recursive: true }));

const at = new Date('2026-11-23T12:37:04Z');

async function aPair(commonName: string, notAfter = new Date('2027-01-01')) {
  const key = await generateKey('ECDSA-P256');
  const notBefore = new Date('2026-01-01');
  const cert = await signCertificate(
    { subject: { commonName }, key, usages: ['client'], notBefore, notAfter },
    authority,
  );
  return { cert, key: privateKeyToPem(key) };
}

test('a name tells when', () => expect(datedName('kubelet-client', at)).toBe('kubelet-client-2026-11-23-12-37-04.pem'));

test('nothing there is nothing', () => expect(certificateStore(folder, 'kubelet-client').current()).toBeUndefined());

test('what was put is current: certificate first, then the key, for the owner only, behind an absolute link', async () => {
  const store = certificateStore(folder, 'kubelet-client');
  const { cert, key } = await aPair('system:node:n1');
  await store.replace(cert, key, at);
  expect(store.current()).toEqual({
    pem: `${cert.trim()}\n${key.trim()}\n`,
    notBefore: new Date('2026-01-01'),
    notAfter: new Date('2027-01-01'),
  });
  const target = join(folder, 'kubelet-client-2026-11-23-12-37-04.pem');
  expect(await readlink(store.currentPath)).toBe(target);
  expect((await stat(target)).mode & 0o777).toBe(0o600);
  expect((await lstat(store.currentPath)).isSymbolicLink()).toBe(true);
});

test('a new one takes its place, the old one stays beside it', async () => {
  const store = certificateStore(folder, 'kubelet-client');
  const first = await aPair('a');
  const second = await aPair('b', new Date('2028-01-01'));
  await store.replace(first.cert, first.key, at);
  expect(store.current()?.notAfter).toEqual(new Date('2027-01-01'));
  await store.replace(second.cert, second.key, new Date(at.getTime() + 1000));
  expect(store.current()?.notAfter).toEqual(new Date('2028-01-01'));
  expect(await readdir(folder)).toEqual([
    'kubelet-client-2026-11-23-12-37-04.pem',
    'kubelet-client-2026-11-23-12-37-05.pem',
    'kubelet-client-current.pem',
  ]);
});

test('a replacement that was broken off is ended at the next start', async () => {
  const store = certificateStore(folder, 'kubelet-client');
  const { cert, key } = await aPair('a');
  await store.replace(cert, key, at);
  await rename(store.currentPath, join(folder, 'kubelet-client-updated.pem'));
  expect(certificateStore(folder, 'kubelet-client').current()).toBeDefined();
});

test('a link to nothing, and text that is no certificate, are nothing', async () => {
  await symlink(join(folder, 'gone.pem'), join(folder, 'a-current.pem'));
  await writeFile(join(folder, 'b-current.pem'), 'nonsense');
  expect(certificateStore(folder, 'a').current()).toBeUndefined();
  expect(certificateStore(folder, 'b').current()).toBeUndefined();
});
