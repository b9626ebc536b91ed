import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseKubeconfig } from '../../api/kubeconfig.ts';
import { type Authority, signCertificate } from '../../base/x509/certificates.ts';
import { generateKey, privateKeyToPem } from '../../base/x509/keys.ts';
import { kubeconfigIsValid, renderKubeletKubeconfig } from './client.ts';
import { anAuthority } from './testing.ts';

const now = new Date('2026-06-01');
let authority: Authority;
let folder = '';
beforeAll(async () => {
  authority = await anAuthority();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

const kubeconfig = (user: object, cluster: object = {}) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  });

async function aPem(notAfter: string): Promise<string> {
  const key = await generateKey('ECDSA-P256');
  const cert = await signCertificate(
    {
      subject: { commonName: 'system:node:n1' },
      key,
      usages: ['client'],
      notBefore: new Date('2026-01-01'),
      notAfter: new Date(notAfter),
    },
    authority,
  );
  return cert + privateKeyToPem(key);
}

describe('whether a kubeconfig can still be used', () => {
  const valid = async (text: string | undefined, pem?: string): Promise<boolean> => {
    const path = join(folder, 'kubelet.conf');
    if (text !== undefined) await writeFile(path, text);
    if (pem !== undefined) await writeFile(join(folder, 'pair.pem'), pem);
    return kubeconfigIsValid(path, now);
  };
  const withFile = kubeconfig({ 'client-certificate': 'pair.pem', 'client-key': 'pair.pem' });

  test('one that is not there: no', async () => expect(await valid(undefined)).toBe(false));
  test('one that is none: no', async () => expect(await valid('nonsense')).toBe(false));
  test('one without a certificate: no', async () => expect(await valid(kubeconfig({ token: 't' }))).toBe(false));
  test('one that names a file which is not there: no', async () => expect(await valid(withFile)).toBe(false));
  test('one whose certificate has ended: no', async () =>
    expect(await valid(withFile, await aPem('2026-05-31'))).toBe(false));
  test('one whose certificate holds: yes', async () =>
    expect(await valid(withFile, await aPem('2026-06-02'))).toBe(true));
  test('one with the certificate in it: yes', async () => {
    const data = Buffer.from(await aPem('2026-06-02')).toString('base64');
    expect(await valid(kubeconfig({ 'client-certificate-data': data, 'client-key-data': data }))).toBe(true);
  });
});

describe('the kubeconfig that is left behind', () => {
  const pem = '/var/lib/kubelet/pki/kubelet-client-current.pem';
  const render = (cluster: object) => parse(renderKubeletKubeconfig(kubeconfig({ token: 't' }, cluster), pem));

  test('names the same server, and the kubelet its own certificate, in the words of upstream', () =>
    expect(render({ 'certificate-authority-data': Buffer.from('CA').toString('base64') })).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'default-cluster',
          cluster: {
            server: 'https://10.0.0.1:6443',
            'certificate-authority-data': Buffer.from('CA').toString('base64'),
          },
        },
      ],
      contexts: [
        {
          name: 'default-context',
          context: { cluster: 'default-cluster', namespace: 'default', user: 'default-auth' },
        },
      ],
      'current-context': 'default-context',
      users: [{ name: 'default-auth', user: { 'client-certificate': pem, 'client-key': pem } }],
    }));

  test('keeps the file of the CA, and that nobody wants it checked', async () => {
    await writeFile(join(folder, 'ca.crt'), 'CA');
    const ca = join(folder, 'ca.crt');
    expect(render({ 'certificate-authority': ca }).clusters[0].cluster).toEqual({
      server: 'https://10.0.0.1:6443',
      'certificate-authority': ca,
    });
    expect(render({ 'insecure-skip-tls-verify': true }).clusters[0].cluster).toMatchObject({
      'insecure-skip-tls-verify': true,
    });
  });

  test('can be read again', () =>
    expect(parseKubeconfig(renderKubeletKubeconfig(kubeconfig({ token: 't' }), pem), 'x').server).toBe(
      'https://10.0.0.1:6443',
    ));
});
