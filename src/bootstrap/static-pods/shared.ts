import { parseDurationMs } from '../kubeadm-config/durations.ts';
import type { ResolvedConfig } from '../kubeadm-config/resolve.ts';
import { findArgument } from './arguments.ts';
import type { HostPath } from './component-pod.ts';

const defaultStartupMs = 4 * 60_000;

/** How long a component may take to start: kubeadm's own setting. */
export function startupTimeoutMs({ init }: ResolvedConfig): number {
  const setting = init.timeouts.controlPlaneComponentHealthCheck;
  return setting === undefined ? defaultStartupMs : parseDurationMs(setting);
}

/** Where to ask a component that listens on --bind-address; a wildcard cannot be dialled, so the pod's own address. */
export function bindAddressOf(extraArgs: Parameters<typeof findArgument>[0]): string {
  const address = findArgument(extraArgs, 'bind-address') ?? '127.0.0.1';
  return address === '0.0.0.0' || address === '::' ? '' : address;
}

export const kubernetesImage = ({ cluster }: ResolvedConfig, name: string): string =>
  `${cluster.imageRepository}/${name}:${cluster.kubernetesVersion}`;

export const hostFile = (name: string, path: string): HostPath => ({
  name,
  path,
  type: 'FileOrCreate',
  readOnly: true,
});

export const hostDirectory = (name: string, path: string): HostPath => ({
  name,
  path,
  type: 'DirectoryOrCreate',
  readOnly: true,
});

/** The folders that Debian's /etc/ssl/certs is, and links into. */
export const trustedCertificates: readonly HostPath[] = [
  hostDirectory('ca-certs', '/etc/ssl/certs'),
  hostDirectory('etc-ca-certificates', '/etc/ca-certificates'),
  hostDirectory('usr-local-share-ca-certificates', '/usr/local/share/ca-certificates'),
  hostDirectory('usr-share-ca-certificates', '/usr/share/ca-certificates'),
];
