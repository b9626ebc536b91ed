import { type GrpcMethod, grpcChannel } from '../../cri/channel.ts';
import {
  type NodeExpandVolumeRequest,
  type NodeGetInfoResponse,
  type NodeGetVolumeStatsResponse,
  type NodePublishVolumeRequest,
  type NodeStageVolumeRequest,
  NodeServiceCapability_RPC_Type as Rpc,
  NodeService as service,
} from '../../cri/generated/csi.ts';
import { GrpcError } from '../../cri/grpc-status.ts';

/** A driver's node service, over its socket. Calls reject with a GrpcError. */
export interface Driver {
  /** It stages volumes for the node before they are published to pods. */
  readonly stages: boolean;
  /** It gives volumes to the pod's group by itself. */
  readonly givesGroup: boolean;
  readonly exactAccessModes: boolean;
  /** It grows volumes on the node. */
  readonly expands: boolean;
  /** It tells how full volumes are. */
  readonly measures: boolean;
  readonly info: NodeGetInfoResponse;
  stage(request: NodeStageVolumeRequest): Promise<void>;
  publish(request: NodePublishVolumeRequest): Promise<void>;
  expand(request: NodeExpandVolumeRequest): Promise<void>;
  measure(volumeId: string, volumePath: string): Promise<NodeGetVolumeStatsResponse>;
  unpublish(volumeId: string, targetPath: string): Promise<void>;
  unstage(volumeId: string, stagingTargetPath: string): Promise<void>;
  close(): void;
}

const timeoutMs = 120_000;
/** Somebody waits for the figures of all volumes. */
const measureMs = 10_000;

export type OnCall = (call: { method: string; ms: number; code: string }) => void;

/** Asks a driver what it can do and how it names this node. Rejects when it does not answer. */
export async function connectDriver(socket: string, onCall: OnCall): Promise<Driver> {
  const channel = grpcChannel(socket);
  async function call<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    limitMs = timeoutMs,
  ): Promise<Response> {
    const startedAt = performance.now();
    let code = 'OK';
    try {
      return await channel.unary(method, request, { timeoutMs: limitMs });
    } catch (error) {
      code = error instanceof GrpcError ? error.code : 'Unknown';
      throw error;
    } finally {
      onCall({ method: method.path.split('/').at(-1) ?? '', ms: performance.now() - startedAt, code });
    }
  }
  try {
    const info = await call(service.nodeGetInfo, {});
    const { capabilities } = await call(service.nodeGetCapabilities, {});
    const can = (type: number): boolean => capabilities.some(({ rpc }) => rpc?.type === type);
    return {
      stages: can(Rpc.STAGE_UNSTAGE_VOLUME),
      givesGroup: can(Rpc.VOLUME_MOUNT_GROUP),
      exactAccessModes: can(Rpc.SINGLE_NODE_MULTI_WRITER),
      expands: can(Rpc.EXPAND_VOLUME),
      measures: can(Rpc.GET_VOLUME_STATS),
      info,
      stage: async (request) => void (await call(service.nodeStageVolume, request)),
      publish: async (request) => void (await call(service.nodePublishVolume, request)),
      expand: async (request) => void (await call(service.nodeExpandVolume, request)),
      measure: (volumeId, volumePath) =>
        call(service.nodeGetVolumeStats, { volumeId, volumePath, stagingTargetPath: '' }, measureMs),
      unpublish: async (volumeId, targetPath) =>
        void (await call(service.nodeUnpublishVolume, { volumeId, targetPath })),
      unstage: async (volumeId, stagingTargetPath) =>
        void (await call(service.nodeUnstageVolume, { volumeId, stagingTargetPath })),
      close: () => channel.close(),
    };
  } catch (error) {
    channel.close();
    throw error;
  }
}
