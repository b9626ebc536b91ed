import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { renderArguments } from './arguments.ts';
import { renderComponentPod } from './component-pod.ts';
import {
  bindAddressOf,
  hostDirectory,
  hostFile,
  kubernetesImage,
  startupTimeoutMs,
  trustedCertificates,
} from './shared.ts';

const kubeconfig = '/etc/kubernetes/controller-manager.conf';

/** The controller manager's manifest. */
export function renderControllerManager(config: ResolvedConfig): string {
  const { cluster } = config;
  const { networking } = cluster;
  const pki = cluster.certificatesDir;
  const args = {
    ...(networking.podSubnet === ''
      ? {}
      : {
          'allocate-node-cidrs': 'true',
          'cluster-cidr': networking.podSubnet,
          'service-cluster-ip-range': networking.serviceSubnet,
        }),
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': '127.0.0.1',
    'client-ca-file': `${pki}/ca.crt`,
    'cluster-name': cluster.clusterName,
    'cluster-signing-cert-file': `${pki}/ca.crt`,
    'cluster-signing-key-file': `${pki}/ca.key`,
    controllers: '*,bootstrapsigner,tokencleaner',
    kubeconfig,
    'leader-elect': 'true',
    'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
    'root-ca-file': `${pki}/ca.crt`,
    'service-account-private-key-file': `${pki}/sa.key`,
    'use-service-account-credentials': 'true',
  };
  const { extraArgs } = cluster.controllerManager;
  return renderComponentPod({
    name: 'kube-controller-manager',
    image: kubernetesImage(config, 'kube-controller-manager'),
    command: ['kube-controller-manager', ...renderArguments(args, extraArgs)],
    requests: { cpu: '200m' },
    probeHost: bindAddressOf(extraArgs),
    probePort: 10257,
    liveness: { path: '/healthz', scheme: 'HTTPS' },
    startup: { path: '/healthz', scheme: 'HTTPS' },
    startupTimeoutMs: startupTimeoutMs(config),
    hostPaths: [hostDirectory('k8s-certs', pki), hostFile('kubeconfig', kubeconfig), ...trustedCertificates],
    user: cluster.controllerManager,
  });
}
