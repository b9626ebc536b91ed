import type { PublishedPort } from '../engine/port.ts';

/** Addresses that mean "all of this machine's" when one listens on them, and nothing when one connects to them. */
const loopbackOf: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where the API server of a control plane's container is reached from this machine; port 0 when it is not published. */
export function serverUrl(ports: readonly PublishedPort[]): string {
  const { hostAddress, hostPort } = ports.find(({ containerPort }) => containerPort === 6443) ?? {
    hostAddress: '127.0.0.1',
    hostPort: 0,
  };
  const host = loopbackOf[hostAddress] ?? hostAddress;
  return `https://${host.includes(':') ? `[${host}]` : host}:${hostPort}`;
}
