import { failure, info, type Projections } from '../projection.ts';

/** Plugins that register through sockets, and what the kubelet asks storage drivers to do. */
export type PluginRecord =
  | { readonly kind: 'plugin.registered'; readonly type: string; readonly name: string; readonly socket: string }
  | { readonly kind: 'plugin.failed'; readonly socket: string; readonly error: string }
  | { readonly kind: 'plugin.gone'; readonly socket: string }
  | {
      readonly kind: 'csi.called';
      readonly driver: string;
      /** `NodePublishVolume` and its like. */
      readonly method: string;
      readonly ms: number;
      /** A code of gRPC. */
      readonly code: string;
    }
  /** What the node tells of its drivers could not be brought up to date. */
  | { readonly kind: 'csi.nodeFailed'; readonly reason: string };

export const pluginProjections: Projections<PluginRecord> = {
  'plugin.registered': {
    log: ({ type, name, socket }) => info(0, 'Registered plugin', { type, name, socket }),
  },
  'plugin.failed': {
    log: ({ socket, error }) => failure('Registration of plugin failed', { socket, err: error }),
  },
  'plugin.gone': { log: ({ socket }) => info(0, 'Plugin is gone', { socket }) },
  'csi.called': {
    log: ({ driver, method, ms, code }) => info(4, 'CSI call', { driver, method, milliseconds: ms, code }),
    measure: ({ driver, method, ms, code }, meters) =>
      meters.observe('csi_operations_seconds', ms / 1000, {
        driver_name: driver,
        method_name: `/csi.v1.Node/${method}`,
        grpc_status_code: code,
        migrated: 'false',
      }),
  },
  'csi.nodeFailed': { log: ({ reason }) => failure('Failed to publish CSINode', { err: reason }) },
};
