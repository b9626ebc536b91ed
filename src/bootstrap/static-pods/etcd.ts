import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { findArgument, renderArguments } from './arguments.ts';
import { renderComponentPod } from './component-pod.ts';
import { startupTimeoutMs } from './shared.ts';

const defaultTag = '3.7.0-0';

/** etcd's manifest. `members` are all control planes, name → address: etcd's first members know each other at birth. */
export function renderEtcd(config: ResolvedConfig, members: Readonly<Record<string, string>>): string {
  const { cluster, node, localEndpoint } = config;
  const { local } = cluster.etcd;
  const pki = `${cluster.certificatesDir}/etcd`;
  const clientUrl = `https://${localEndpoint.advertiseAddress}:2379`;
  const peerUrl = `https://${localEndpoint.advertiseAddress}:2380`;
  const metrics = metricsEndpoint(findArgument(local.extraArgs, 'listen-metrics-urls'));
  const args = {
    name: node.name,
    'advertise-client-urls': clientUrl,
    'cert-file': `${pki}/server.crt`,
    'client-cert-auth': 'true',
    'data-dir': local.dataDir,
    'feature-gates': 'InitialCorruptCheck=true',
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': Object.entries(members)
      .map(([name, address]) => `${name}=https://${address}:2380`)
      .join(','),
    'key-file': `${pki}/server.key`,
    'listen-client-urls': `https://127.0.0.1:2379,${clientUrl}`,
    'listen-metrics-urls': 'http://127.0.0.1:2381',
    'listen-peer-urls': peerUrl,
    'peer-cert-file': `${pki}/peer.crt`,
    'peer-client-cert-auth': 'true',
    'peer-key-file': `${pki}/peer.key`,
    'peer-trusted-ca-file': `${pki}/ca.crt`,
    'snapshot-count': '10000',
    'trusted-ca-file': `${pki}/ca.crt`,
    'watch-progress-notify-interval': '5s',
  };
  return renderComponentPod({
    name: 'etcd',
    annotations: { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': clientUrl },
    image: `${local.imageRepository ?? cluster.imageRepository}/etcd:${local.imageTag ?? defaultTag}`,
    command: ['etcd', ...renderArguments(args, local.extraArgs)],
    requests: { cpu: '100m', memory: '100Mi' },
    probeHost: metrics.host,
    probePort: metrics.port,
    liveness: { path: '/livez', scheme: metrics.scheme },
    readiness: { path: '/readyz', scheme: metrics.scheme },
    startup: { path: '/readyz', scheme: metrics.scheme },
    startupTimeoutMs: startupTimeoutMs(config),
    hostPaths: [
      { name: 'etcd-data', path: local.dataDir, type: 'DirectoryOrCreate', readOnly: false },
      { name: 'etcd-certs', path: pki, type: 'DirectoryOrCreate', readOnly: false },
    ],
    user: { extraVolumes: [], extraEnvs: local.extraEnvs },
  });
}

/** Where etcd answers probes: the first of the user's metrics URLs, or kubeadm's own. */
function metricsEndpoint(urls: string | undefined): { host: string; port: number; scheme: 'HTTP' | 'HTTPS' } {
  const url = URL.parse(urls?.split(',')[0] ?? '');
  if (url === null) return { host: '127.0.0.1', port: 2381, scheme: 'HTTP' };
  return {
    host: url.hostname || '127.0.0.1',
    port: Number(url.port) || 2381,
    scheme: url.protocol === 'https:' ? 'HTTPS' : 'HTTP',
  };
}
