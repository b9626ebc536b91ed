import { type Authority, selfSignAuthority, signCertificate } from '../../base/x509/certificates.ts';
import { generateKey, privateKeyToPem, publicKeyToPem } from '../../base/x509/keys.ts';
import { publicKeyHash } from '../../base/x509/parse.ts';
import { firstControlPlane, type ResolvedConfig, resolveConfig } from '../kubeadm-config/resolve.ts';
import type { BootstrapInput, ClusterPki, ControlPlanePki, PemPair } from '../types.ts';
import { type CertificatePlan, planCertificates } from './certificates.ts';
import { validFor } from './validity.ts';

type Authorities = Readonly<Record<CertificatePlan['signedBy'], Promise<Authority>>>;

/**
 * Makes every key and certificate of the cluster. All keys are generated at once, because RSA takes its time and
 * Node's thread pool has four hands.
 */
export async function makePki(input: BootstrapInput): Promise<ClusterPki> {
  const config = resolveConfig(input, firstControlPlane(input).name);
  const authorities: Authorities = {
    ca: makeAuthority(config, input.now, 'kubernetes'),
    frontProxyCa: makeAuthority(config, input.now, 'front-proxy-ca'),
    etcdCa: makeAuthority(config, input.now, 'etcd-ca'),
  };
  const serviceAccountKey = generateKey(config.cluster.encryptionAlgorithm);
  const controlPlanes = input.cluster.nodes
    .filter((node) => node.role === 'control-plane')
    .map(async (node) => [node.name, await makeControlPlane(input, node.name, authorities)] as const);
  const [ca, frontProxyCa, etcdCa, key, nodes] = await Promise.all([
    authorities.ca,
    authorities.frontProxyCa,
    authorities.etcdCa,
    serviceAccountKey,
    Promise.all(controlPlanes),
  ]);
  return {
    ca: toPair(ca),
    frontProxyCa: toPair(frontProxyCa),
    etcdCa: toPair(etcdCa),
    serviceAccount: { publicKeyPem: publicKeyToPem(key), privateKeyPem: privateKeyToPem(key) },
    caHash: publicKeyHash(ca.certificatePem),
    controlPlanes: Object.fromEntries(nodes),
  };
}

async function makeAuthority(config: ResolvedConfig, now: Date, commonName: string): Promise<Authority> {
  const key = await generateKey(config.cluster.encryptionAlgorithm);
  const validity = validFor(now, config.cluster.caCertificateValidityPeriod);
  return { certificatePem: await selfSignAuthority({ commonName, key, ...validity }), privateKey: key };
}

async function makeControlPlane(
  input: BootstrapInput,
  nodeName: string,
  authorities: Authorities,
): Promise<ControlPlanePki> {
  const config = resolveConfig(input, nodeName);
  const plans = planCertificates(config);
  const make = async (plan: CertificatePlan): Promise<PemPair> => {
    const key = await generateKey(config.cluster.encryptionAlgorithm);
    const validity = validFor(input.now, config.cluster.certificateValidityPeriod);
    const certificatePem = await signCertificate({ ...plan, key, ...validity }, await authorities[plan.signedBy]);
    return { certificatePem, privateKeyPem: privateKeyToPem(key) };
  };
  const [apiServer, apiServerKubeletClient, apiServerEtcdClient, frontProxyClient, etcdServer, etcdPeer] =
    await Promise.all([
      make(plans.apiServer),
      make(plans.apiServerKubeletClient),
      make(plans.apiServerEtcdClient),
      make(plans.frontProxyClient),
      make(plans.etcdServer),
      make(plans.etcdPeer),
    ]);
  const [etcdHealthcheckClient, admin, superAdmin, controllerManager, scheduler, kubelet] = await Promise.all([
    make(plans.etcdHealthcheckClient),
    make(plans.admin),
    make(plans.superAdmin),
    make(plans.controllerManager),
    make(plans.scheduler),
    make(plans.kubelet),
  ]);
  return {
    apiServer,
    apiServerKubeletClient,
    apiServerEtcdClient,
    frontProxyClient,
    etcdServer,
    etcdPeer,
    etcdHealthcheckClient,
    admin,
    superAdmin,
    controllerManager,
    scheduler,
    kubelet,
  };
}

const toPair = (authority: Authority): PemPair => ({
  certificatePem: authority.certificatePem,
  privateKeyPem: privateKeyToPem(authority.privateKey),
});
