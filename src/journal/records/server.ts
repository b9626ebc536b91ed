import { failure, info, type Projections } from '../projection.ts';

/** What the kubelet's servers tell. */
export type ServerRecord =
  | { readonly kind: 'server.listening'; readonly address: string; readonly port: number }
  | {
      readonly kind: 'server.answered';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly serverType: 'readwrite' | 'readonly';
      readonly ms: number;
    }
  | { readonly kind: 'server.authFailed'; readonly step: 'authenticate' | 'authorize'; readonly reason: string }
  | { readonly kind: 'server.failed'; readonly path: string; readonly reason: string }
  | {
      readonly kind: 'server.logRotated';
      readonly path: string;
      readonly containerId: string;
      readonly bytes: number;
      readonly ms: number;
    }
  | {
      readonly kind: 'server.logRotationFailed';
      readonly path: string;
      readonly containerId: string;
      readonly reason: string;
    };

const longRunning = ['exec', 'attach', 'portForward', 'debug'];

export const serverProjections: Projections<ServerRecord> = {
  'server.listening': { log: ({ address, port }) => info(0, 'Starting to listen', { address, port }) },
  'server.answered': {
    log: ({ method, path, status, ms }) =>
      info(4, 'HTTP', { verb: method, URI: `/${path}`, resp: status, latencyMs: ms }),
    measure: ({ method, path, serverType, ms }, meters) => {
      const labels = { method, path, server_type: serverType, long_running: String(longRunning.includes(path)) };
      meters.count('kubelet_http_requests_total', labels);
      meters.observe('kubelet_http_requests_duration_seconds', ms / 1000, labels);
    },
  },
  'server.authFailed': {
    log: ({ step, reason }) =>
      failure(step === 'authenticate' ? 'Unable to authenticate the request due to an error' : 'Authorization error', {
        err: reason,
      }),
  },
  'server.failed': { log: ({ path, reason }) => failure('HTTP request failed', { path, err: reason }) },
  'server.logRotated': {
    log: ({ path, containerId, bytes, ms }) =>
      info(4, 'Rotated the log of a container', { path, containerID: containerId, bytes, ms }),
  },
  'server.logRotationFailed': {
    log: ({ path, containerId, reason }) =>
      failure('Failed to rotate log for container', { path, containerID: containerId, err: reason }),
  },
};
