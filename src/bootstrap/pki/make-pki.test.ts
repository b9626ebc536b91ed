import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseCertificate, publicKeyHash } from '../../base/x509/parse.ts';
import { aNode, anInput } from '../testing.ts';
import type { ClusterPki, ControlPlanePki, PemPair } from '../types.ts';
import { makePki } from './make-pki.ts';

const node = 'lab-control-plane';
const dayMs = 24 * 3_600_000;
let pki: ClusterPki;
let own: ControlPlanePki;
beforeAll(async () => {
  pki = await makePki(anInput());
  const found = pki.controlPlanes[node];
  if (found === undefined) throw new Error('the control plane has no certificates');
  own = found;
});

const etcdNames = {
  dnsNames: ['lab-control-plane', 'localhost'],
  ipAddresses: ['172.18.0.2', '127.0.0.1', '0:0:0:0:0:0:0:1'],
};
const none = { dnsNames: [], ipAddresses: [] };
const client = { serverAuth: false, clientAuth: true };
const both = { serverAuth: true, clientAuth: true };

describe('every certificate is what kubeadm makes it', () => {
  test.each([
    [
      'apiServer',
      'ca',
      'kube-apiserver',
      [],
      { serverAuth: true, clientAuth: false },
      {
        dnsNames: [
          'kubernetes',
          'kubernetes.default',
          'kubernetes.default.svc',
          'kubernetes.default.svc.cluster.local',
          'lab-control-plane',
          'localhost',
        ],
        ipAddresses: ['10.96.0.1', '172.18.0.2', '127.0.0.1'],
      },
    ],
    ['apiServerKubeletClient', 'ca', 'kube-apiserver-kubelet-client', [], client, none],
    ['apiServerEtcdClient', 'etcdCa', 'kube-apiserver-etcd-client', [], client, none],
    ['frontProxyClient', 'frontProxyCa', 'front-proxy-client', [], client, none],
    ['etcdServer', 'etcdCa', node, [], both, etcdNames],
    ['etcdPeer', 'etcdCa', node, [], both, etcdNames],
    ['etcdHealthcheckClient', 'etcdCa', 'kube-etcd-healthcheck-client', [], client, none],
    ['admin', 'ca', 'kubernetes-admin', ['kubeadm:cluster-admins'], client, none],
    ['superAdmin', 'ca', 'kubernetes-super-admin', ['system:masters'], client, none],
    ['controllerManager', 'ca', 'system:kube-controller-manager', [], client, none],
    ['scheduler', 'ca', 'system:kube-scheduler', [], client, none],
    ['kubelet', 'ca', 'system:node:lab-control-plane', ['system:nodes'], client, none],
  ] as const)('%s, signed by %s', (name, signer, commonName, organizations, usages, names) => {
    const { certificatePem, privateKeyPem } = own[name];
    expect(parseCertificate(certificatePem)).toMatchObject({
      commonName,
      organizations,
      isAuthority: false,
      ...usages,
      ...names,
    });
    const certificate = new X509Certificate(certificatePem);
    const issuer = new X509Certificate(pki[signer].certificatePem);
    expect(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
  });
});

test('authorities last ten years, certificates one, both from five minutes ago', () => {
  const { now } = anInput();
  const notBefore = new Date(now.getTime() - 5 * 60_000);
  const lifetime = (days: number) => ({ notBefore, notAfter: new Date(now.getTime() + days * dayMs) });
  for (const authority of [pki.ca, pki.frontProxyCa, pki.etcdCa]) {
    expect(parseCertificate(authority.certificatePem)).toMatchObject({ isAuthority: true, ...lifetime(3650) });
  }
  const leaves: readonly PemPair[] = Object.values(own);
  for (const leaf of leaves) expect(parseCertificate(leaf.certificatePem)).toMatchObject(lifetime(365));
});

test('the hash is that of the CA', () => {
  expect(pki.caHash).toBe(publicKeyHash(pki.ca.certificatePem));
});

test('the patched configuration decides on names, lifetimes and algorithms', async () => {
  const patch = `
kind: ClusterConfiguration
certificateValidityPeriod: 48h
caCertificateValidityPeriod: 240h0m0s
encryptionAlgorithm: RSA-2048
networking: {serviceSubnet: 10.0.7.0/24, dnsDomain: lab.test}
apiServer: {certSANs: [api.example, 192.0.2.7]}
etcd: {local: {serverCertSANs: [etcd.example], peerCertSANs: [192.0.2.8]}}
`;
  const input = anInput({ nodes: [aNode(node, 'control-plane')], kubeadmConfigPatches: [patch] });
  const patched = await makePki(input);
  const control = patched.controlPlanes[node];
  expect(parseCertificate(control?.apiServer.certificatePem ?? '')).toMatchObject({
    dnsNames: [
      'api.example',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.lab.test',
      node,
    ],
    ipAddresses: ['10.0.7.1', '172.18.0.2', '192.0.2.7'],
    notAfter: new Date(input.now.getTime() + 2 * dayMs),
  });
  expect(parseCertificate(control?.etcdServer.certificatePem ?? '').dnsNames).toContain('etcd.example');
  expect(parseCertificate(control?.etcdPeer.certificatePem ?? '').ipAddresses).toContain('192.0.2.8');
  expect(parseCertificate(patched.ca.certificatePem).notAfter).toEqual(new Date(input.now.getTime() + 10 * dayMs));
  expect(patched.ca.privateKeyPem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
});
