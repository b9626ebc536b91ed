import { createPrivateKey } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { fakeApi } from '../../api/fake.ts';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { Pkcs10CertificateRequest } from '../../base/x509/library.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
import { generatePodKey } from './pod-certificate-key.ts';
import { podCertificates } from './pod-certificates.ts';

const requests = '/apis/certificates.k8s.io/v1/namespaces/ns/podcertificaterequests';
const source = { signerName: 'example.com/signer', keyType: 'ED25519', maxExpirationSeconds: 3600 };
const hourMs = 3_600_000;

const pod: Pod = {
  metadata: { name: 'web', namespace: 'ns', uid: 'uid-web' },
  spec: {
    serviceAccountName: 'robot',
    containers: [{ name: 'c' }],
    volumes: [{ name: 'v', projected: { sources: [{ podCertificate: source }] } }],
  },
};

type Spec = Readonly<Record<string, unknown>> & { readonly stubPKCS10Request: string };

function setUp() {
  const api = fakeApi({
    '/api/v1/namespaces/ns/serviceaccounts/robot': { metadata: { name: 'robot', uid: 'uid-robot' } },
  });
  const clock = new FakeClock();
  const journal = memoryJournal();
  const changed: (readonly string[])[] = [];
  const certificates = podCertificates({
    api,
    clock,
    journal,
    nodeName: 'node-1',
    node: () => ({ metadata: { name: 'node-1', uid: 'uid-node' } }),
    onChange: (uids) => changed.push(uids),
    random: () => 0,
  });
  certificates.register(pod);
  const asked = () => api.requests.filter(({ method, path }) => method === 'POST' && path === requests);
  const specOf = (index: number) => (asked()[index]?.body as { readonly spec: Spec } | undefined)?.spec;
  /** Answers the newest request as a signer does. */
  const answer = async (type: 'Issued' | 'Denied' | 'Failed', chain = '') => {
    const { items } = await api.list<{ metadata: { name: string } }>(requests);
    const request = items.at(-1);
    const at = (ms: number) => new Date(clock.now() + ms).toISOString();
    api.put(`${requests}/${request?.metadata.name}`, {
      ...request,
      status: {
        conditions: [{ type, reason: 'Because', message: 'of this' }],
        certificateChain: chain,
        beginRefreshAt: at(hourMs / 2),
        notAfter: at(hourMs),
      },
    } as Parameters<typeof api.put>[1]);
  };
  const read = () => certificates.read(pod, 'v/0', source);
  const notYet = () => expect(read()).rejects.toThrow('credential bundle is not issued yet');
  const events = () =>
    journal.records.flatMap((record) => {
      const event = projectionOf(record).event?.(record);
      return event === undefined ? [] : [`${event.reason}: ${event.message}`];
    });
  return { api, clock, certificates, changed, asked, specOf, answer, read, notYet, events };
}

const pem = (text: string) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString('base64')}\n-----END CERTIFICATE-----`;

/** With a certificate that is to be renewed after half an hour and ends after one. */
async function withCertificate() {
  const made = setUp();
  await made.notYet();
  await made.answer('Issued', `who made it\n${pem('leaf')}\n\n${pem('root')}`);
  await vi.waitFor(() => expect(made.changed).toEqual([['uid-web']]));
  return made;
}

describe('a pod’s certificate', () => {
  test('is asked for once, for this pod on this node', async () => {
    const { asked, specOf, read, notYet, api } = setUp();
    await Promise.all([notYet(), expect(read()).rejects.toThrow()]);
    await notYet();
    expect(asked()).toHaveLength(1);
    expect(asked()[0]?.body).toMatchObject({
      metadata: { generateName: 'req-', ownerReferences: [{ kind: 'Pod', name: 'web', uid: 'uid-web' }] },
      spec: {
        signerName: 'example.com/signer',
        podName: 'web',
        podUID: 'uid-web',
        serviceAccountName: 'robot',
        serviceAccountUID: 'uid-robot',
        nodeName: 'node-1',
        nodeUID: 'uid-node',
        maxExpirationSeconds: 3600,
      },
    });
    const stub = Buffer.from(specOf(0)?.stubPKCS10Request ?? '', 'base64');
    expect(new Pkcs10CertificateRequest(stub).subject).toBe('');
    expect(api.requests.filter(({ path }) => path.endsWith('/serviceaccounts/robot'))).toHaveLength(1);
  });

  test('is shown with its key once it is issued, without words between', async () => {
    const { read } = await withCertificate();
    const { keyPem, chainPem } = await read();
    expect(chainPem).toBe(`${pem('leaf')}\n${pem('root')}\n`);
    expect(createPrivateKey(keyPem).asymmetricKeyType).toBe('ed25519');
    expect(keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  test.each([
    ['Denied', 'denied', 'Denied: PodCertificateRequest ns/req-2 was denied, reason="Because", message="of this"'],
    ['Failed', 'failed', 'Failed: PodCertificateRequest ns/req-2 failed, reason="Because", message="of this"'],
  ] as const)('is not asked for again when it is %s', async (type, how, event) => {
    const { answer, changed, read, asked, events, notYet } = setUp();
    await notYet();
    await answer(type);
    await vi.waitFor(() => expect(changed).toHaveLength(1));
    await expect(read()).rejects.toThrow(
      `PodCertificateRequest was permanently ${how}: reason="Because" message="of this"`,
    );
    expect(asked()).toHaveLength(1);
    expect(events()).toEqual([event]);
  });

  test('is renewed in time, and goes on being shown meanwhile', async () => {
    const { clock, read, asked, answer, changed } = await withCertificate();
    const before = await read();
    expect(asked()).toHaveLength(1);
    await clock.advance(hourMs / 2);
    expect(await read()).toEqual(before);
    await vi.waitFor(() => expect(asked()).toHaveLength(2));
    expect(await read()).toEqual(before);
    await answer('Issued', pem('next'));
    await vi.waitFor(() => expect(changed).toHaveLength(2));
    expect((await read()).chainPem).toContain(Buffer.from('next').toString('base64'));
    expect((await read()).keyPem).not.toBe(before.keyPem);
  });

  test('that is late says so once', async () => {
    const { clock, read, events } = await withCertificate();
    await clock.advance(hourMs / 2 + 600_001);
    await read();
    await read();
    expect(events()).toEqual(['CertificateOverdueForRefresh: PodCertificate refresh overdue']);
    await clock.advance(hourMs / 2);
    await read();
    expect(events()).toHaveLength(2);
    expect(events()[1]).toBe('CertificateExpired: PodCertificate expired');
  });

  test('is asked for anew when its request is gone for long', async () => {
    const { api, clock, notYet, asked } = setUp();
    await notYet();
    const { items } = await api.list<{ metadata: { name: string } }>(requests);
    api.take(`${requests}/${items[0]?.metadata.name}`);
    await clock.advance(300_000);
    await notYet();
    expect(asked()).toHaveLength(1);
    await clock.advance(300_001);
    await notYet();
    expect(asked()).toHaveLength(2);
  });

  test('and its key are forgotten with the pod', async () => {
    const { certificates, read, asked, notYet } = await withCertificate();
    await read();
    certificates.unregister(pod);
    await notYet();
    expect(asked()).toHaveLength(2);
  });
});

test.each([
  ['RSA3072', 'rsa', { modulusLength: 3072 }],
  ['ECDSAP256', 'ec', { namedCurve: 'prime256v1' }],
  ['ECDSAP384', 'ec', { namedCurve: 'secp384r1' }],
  ['ECDSAP521', 'ec', { namedCurve: 'secp521r1' }],
  ['ED25519', 'ed25519', {}],
])('keys of type %s', async (keyType, kind, details) => {
  const key = await generatePodKey(keyType);
  expect(key.asymmetricKeyType).toBe(kind);
  expect(key.asymmetricKeyDetails).toMatchObject(details);
});

test('no other keys', async () => {
  await expect(generatePodKey('DSA')).rejects.toThrow('unknown key type "DSA"');
});
