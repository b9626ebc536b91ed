import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { selfSignAuthority, signCertificate } from '../../src/base/x509/certificates.ts';
import { generateKey } from '../../src/base/x509/keys.ts';
import { Pkcs10CertificateRequest } from '../../src/base/x509/library.ts';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

/** Who a pod is: its users on the node, whom it trusts, and what it shows to be itself. */

const busybox = 'docker.io/library/busybox:1.37';
const hourMs = 3_600_000;

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  ({ name: ns, remove } = await cluster.namespace('identity'));
});
afterAll(() => remove?.());

type Spec = NonNullable<Pod['spec']>;

const aPod = (name: string, script: string, spec: Partial<Spec> = {}, mountPath = '/v'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 1,
    ...spec,
    containers: [
      {
        name: 'main',
        image: busybox,
        command: ['sh', '-c', `${script}; exec sleep 99999`],
        ...(spec.volumes === undefined ? {} : { volumeMounts: spec.volumes.map(({ name }) => ({ name, mountPath })) }),
      },
    ],
  },
});

const logOf = (name: string) => cluster.kubectl(['-n', ns, 'logs', name]);
const inPod = (name: string, command: string) => cluster.kubectl(['-n', ns, 'exec', name, '--', 'sh', '-c', command]);
const running = (name: string) =>
  cluster.kubectl(['-n', ns, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);

async function anAuthority(commonName: string) {
  const key = await generateKey('ECDSA-P256');
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 48 * hourMs) };
  return { certificatePem: await selfSignAuthority({ commonName, key, ...validity }), privateKey: key };
}

describe('users', () => {
  test('of a pod with its own are no other pod’s, and own its files', async () => {
    const volumes: Spec['volumes'] = [{ name: 'scratch', emptyDir: {} }];
    const script = 'cat /proc/self/uid_map; touch /v/mine; stat -c %u /v/mine';
    for (const name of ['one', 'two']) await cluster.apply(aPod(name, script, { hostUsers: false, volumes }));
    const maps = await Promise.all(
      ['one', 'two'].map(async (name) => {
        await running(name);
        const [map = '', owner] = (await logOf(name)).trim().split('\n');
        expect(owner).toBe('0');
        const [inside, outside, length] = map.trim().split(/\s+/).map(Number);
        expect([inside, length]).toEqual([0, 65_536]);
        return outside;
      }),
    );
    expect(maps.every((first) => first !== undefined && first > 0 && first % 65_536 === 0)).toBe(true);
    expect(new Set(maps).size).toBe(2);
  });
});

describe('trust', () => {
  const bundle = `e2e-${process.pid}`;
  afterAll(() => cluster.kubectl(['delete', 'clustertrustbundle', bundle, '--ignore-not-found']));

  test('is what a bundle says, now and when it changes', async () => {
    const [first, second] = await Promise.all([anAuthority('first'), anAuthority('second')]);
    const say = (trustBundle: string) =>
      cluster.apply({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'ClusterTrustBundle',
        metadata: { name: bundle },
        spec: { trustBundle },
      });
    await say(`from the first\n${first.certificatePem}`);
    const source = { clusterTrustBundle: { name: bundle, path: 'ca.pem' } };
    await cluster.apply(aPod('trusting', 'true', { volumes: [{ name: 'v', projected: { sources: [source] } }] }));
    await running('trusting');
    expect(`${(await inPod('trusting', 'cat /v/ca.pem')).trim()}\n`).toBe(first.certificatePem);
    await say(second.certificatePem);
    await eventually('the second authority', async () =>
      `${(await inPod('trusting', 'cat /v/ca.pem')).trim()}\n` === second.certificatePem ? true : undefined,
    );
  });
});

interface Request {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly podName: string; readonly stubPKCS10Request: string };
}

describe('a certificate', () => {
  const signerName = 'example.com/e2e';
  const resource = 'podcertificaterequests.certificates.k8s.io';

  test('is asked for by the kubelet, and shown with its key once it is issued', async () => {
    const source = { podCertificate: { signerName, keyType: 'ECDSAP256', credentialBundlePath: 'own.pem' } };
    await cluster.apply(aPod('certified', 'true', { volumes: [{ name: 'v', projected: { sources: [source] } }] }));
    const request = await eventually('a request', async () => {
      const { items } = await cluster.json<{ items: Request[] }>(['-n', ns, 'get', resource]);
      return items.find(({ spec }) => spec.podName === 'certified');
    });
    const stub = new Pkcs10CertificateRequest(Buffer.from(request.spec.stubPKCS10Request, 'base64'));
    expect(await stub.verify()).toBe(true);
    const now = Math.floor(Date.now() / 1000) * 1000;
    const [notBefore, refreshAt, notAfter] = [now, now + 12 * hourMs, now + 24 * hourMs].map((at) => new Date(at));
    if (notBefore === undefined || refreshAt === undefined || notAfter === undefined) throw new Error('no times');
    const key = createPublicKey({ key: Buffer.from(stub.publicKey.rawData), format: 'der', type: 'spki' });
    const leaf = await signCertificate(
      { subject: { commonName: 'certified' }, key, usages: ['client'], notBefore, notAfter },
      await anAuthority('signer'),
    );
    const apiTime = (at: Date) => `${at.toISOString().slice(0, 19)}Z`;
    const condition = { type: 'Issued', status: 'True', reason: 'Signed', message: 'by the test' };
    const status = {
      conditions: [{ ...condition, lastTransitionTime: apiTime(notBefore) }],
      certificateChain: leaf,
      notBefore: apiTime(notBefore),
      beginRefreshAt: apiTime(refreshAt),
      notAfter: apiTime(notAfter),
    };
    await cluster.kubectl([
      ...['-n', ns, 'patch', resource, request.metadata.name],
      ...['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })],
    ]);
    await running('certified');
    const shown = await inPod('certified', 'cat /v/own.pem');
    expect(shown).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(shown).toContain(leaf.trim());
  });
});
