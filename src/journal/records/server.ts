import { failure, info, type Projections } from '../projection.ts';

interface Asked {
  readonly method: string;
  /** Its first part: there are few of them. */
  readonly path: string;
  readonly serverType: 'readwrite' | 'readonly';
  /** Requests like this one that are being answered now. */
  readonly inFlight: number;
}

/** What the kubelet's servers tell. */
export type ServerRecord =
  | { readonly kind: 'server.listening'; readonly address: string; readonly port: number }
  | ({ readonly kind: 'server.asked' } & Asked)
  | ({
      readonly kind: 'server.answered';
      readonly status: number;
      readonly ms: number;
    } & Asked)
  /** A stream was asked for over WebSocket. */
  | { readonly kind: 'server.webSocket'; readonly subresource: string }
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

const labelsOf = ({ method, path, serverType }: Asked) => ({
  method,
  path,
  server_type: serverType,
  long_running: String(longRunning.includes(path)),
});

export const serverProjections: Projections<ServerRecord> = {
  'server.webSocket': {
    measure: ({ subresource }, meters) =>
      meters.count('kubelet_websocket_streaming_requests_total', { subresource: subresource.toLowerCase() }),
  },
  'server.listening': { log: ({ address, port }) => info(0, 'Starting to listen', { address, port }) },
  'server.asked': {
    measure: (record, meters) => meters.gauge('kubelet_http_inflight_requests', record.inFlight, labelsOf(record)),
  },
  'server.answered': {
    log: ({ method, path, status, ms }) =>
      info(4, 'HTTP', { verb: method, URI: `/${path}`, resp: status, latencyMs: ms }),
    measure: (record, meters) => {
      const labels = labelsOf(record);
      meters.count('kubelet_http_requests_total', labels);
      meters.observe('kubelet_http_requests_duration_seconds', record.ms / 1000, labels);
      meters.gauge('kubelet_http_inflight_requests', record.inFlight, labels);
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
