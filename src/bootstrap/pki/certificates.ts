import type { LeafRequest } from '../../base/x509/certificates.ts';
import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { apiServiceAddress } from '../kubeadm-config/service-addresses.ts';
import type { ControlPlanePki } from '../types.ts';

/** One certificate of a control-plane node, as kubeadm has it, without its key and its dates. */
export interface CertificatePlan extends Omit<LeafRequest, 'key' | 'notBefore' | 'notAfter'> {
  readonly signedBy: 'ca' | 'frontProxyCa' | 'etcdCa';
}

/** Subjects, names and usages of every certificate of a control-plane node. */
export function planCertificates(config: ResolvedConfig): Readonly<Record<keyof ControlPlanePki, CertificatePlan>> {
  const node = config.node.name;
  const local = config.localEndpoint.advertiseAddress;
  const etcd = config.cluster.etcd.local;
  const etcdNames = (extra: readonly string[]) => splitNames([node, 'localhost', local, '127.0.0.1', '::1', ...extra]);
  return {
    apiServer: { ...server('ca', 'kube-apiserver'), ...apiServerNames(config) },
    apiServerKubeletClient: client('ca', 'kube-apiserver-kubelet-client'),
    apiServerEtcdClient: client('etcdCa', 'kube-apiserver-etcd-client'),
    frontProxyClient: client('frontProxyCa', 'front-proxy-client'),
    etcdServer: { ...both('etcdCa', node), ...etcdNames(etcd.serverCertSANs) },
    etcdPeer: { ...both('etcdCa', node), ...etcdNames(etcd.peerCertSANs) },
    etcdHealthcheckClient: client('etcdCa', 'kube-etcd-healthcheck-client'),
    admin: client('ca', 'kubernetes-admin', 'kubeadm:cluster-admins'),
    superAdmin: client('ca', 'kubernetes-super-admin', 'system:masters'),
    controllerManager: client('ca', 'system:kube-controller-manager'),
    scheduler: client('ca', 'system:kube-scheduler'),
    kubelet: client('ca', `system:node:${node}`, 'system:nodes'),
  };
}

function apiServerNames({ cluster, node, localEndpoint }: ResolvedConfig) {
  const endpointHost = cluster.controlPlaneEndpoint.replace(/:\d+$/, '');
  const service = 'kubernetes.default.svc';
  return splitNames([
    node.name,
    'kubernetes',
    'kubernetes.default',
    service,
    `${service}.${cluster.networking.dnsDomain}`,
    apiServiceAddress(cluster.networking.serviceSubnet),
    localEndpoint.advertiseAddress,
    endpointHost,
    ...cluster.apiServer.certSANs,
  ]);
}

/** DNS names sorted, addresses in their order, each once. */
function splitNames(names: readonly string[]) {
  const unique = [...new Set(names)].filter((name) => name !== '');
  const isAddress = (name: string) => /^[\d.]+$/.test(name) || name.includes(':');
  return { dnsNames: unique.filter((name) => !isAddress(name)).sort(), ipAddresses: unique.filter(isAddress) };
}

const plan =
  (usages: CertificatePlan['usages']) =>
  (
    signedBy: CertificatePlan['signedBy'],
    commonName: string,
    ...organizations: readonly string[]
  ): CertificatePlan => ({
    signedBy,
    subject: { commonName, organizations },
    usages,
  });
const server = plan(['server']);
const client = plan(['client']);
/** etcd asks for both on its own certificates: members speak to each other with them. */
const both = plan(['server', 'client']);
