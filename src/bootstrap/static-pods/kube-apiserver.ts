import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { findArgument, renderArguments } from './arguments.ts';
import { renderComponentPod } from './component-pod.ts';
import { hostDirectory, kubernetesImage, startupTimeoutMs, trustedCertificates } from './shared.ts';

/** The API server's manifest. */
export function renderApiServer(config: ResolvedConfig): string {
  const { cluster, localEndpoint } = config;
  const { extraArgs } = cluster.apiServer;
  const pki = cluster.certificatesDir;
  const args = {
    'advertise-address': localEndpoint.advertiseAddress,
    'allow-privileged': 'true',
    // The API server refuses both the flag and a configuration file.
    ...(findArgument(extraArgs, 'authorization-config') === undefined ? { 'authorization-mode': 'Node,RBAC' } : {}),
    'client-ca-file': `${pki}/ca.crt`,
    'enable-admission-plugins': 'NodeRestriction',
    'enable-bootstrap-token-auth': 'true',
    'etcd-cafile': `${pki}/etcd/ca.crt`,
    'etcd-certfile': `${pki}/apiserver-etcd-client.crt`,
    'etcd-keyfile': `${pki}/apiserver-etcd-client.key`,
    'etcd-servers': findArgument(cluster.etcd.local.extraArgs, 'advertise-client-urls') ?? 'https://127.0.0.1:2379',
    'kubelet-client-certificate': `${pki}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${pki}/apiserver-kubelet-client.key`,
    'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
    'proxy-client-cert-file': `${pki}/front-proxy-client.crt`,
    'proxy-client-key-file': `${pki}/front-proxy-client.key`,
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'secure-port': String(localEndpoint.bindPort),
    'service-account-issuer': `https://kubernetes.default.svc.${cluster.networking.dnsDomain}`,
    'service-account-key-file': `${pki}/sa.pub`,
    'service-account-signing-key-file': `${pki}/sa.key`,
    'service-cluster-ip-range': cluster.networking.serviceSubnet,
    'tls-cert-file': `${pki}/apiserver.crt`,
    'tls-private-key-file': `${pki}/apiserver.key`,
  };
  const endpoint = `${localEndpoint.advertiseAddress}:${localEndpoint.bindPort}`;
  return renderComponentPod({
    name: 'kube-apiserver',
    annotations: { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': endpoint },
    image: kubernetesImage(config, 'kube-apiserver'),
    command: ['kube-apiserver', ...renderArguments(args, extraArgs)],
    requests: { cpu: '250m' },
    probeHost: localEndpoint.advertiseAddress,
    probePort: localEndpoint.bindPort,
    liveness: { path: '/livez', scheme: 'HTTPS' },
    readiness: { path: '/readyz', scheme: 'HTTPS' },
    startup: { path: '/livez', scheme: 'HTTPS' },
    startupTimeoutMs: startupTimeoutMs(config),
    hostPaths: [hostDirectory('k8s-certs', pki), ...trustedCertificates],
    user: cluster.apiServer,
  });
}
