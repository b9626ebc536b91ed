import { setTimeout as later } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { grpcChannel } from '../../cri/channel.ts';
import {
  ContainerAllocateResponse,
  type DevicePluginOptions,
  DevicePluginService as service,
} from '../../cri/generated/deviceplugin.ts';
import { GrpcError } from '../../cri/grpc-status.ts';
import type { Device } from './decide.ts';

/** A plugin that has registered, over its own socket. Calls reject with a GrpcError. */
export interface DevicePlugin {
  readonly socket: string;
  readonly options: DevicePluginOptions;
  /** The plugin's devices, again whenever they change; ends when the plugin does. */
  devices(signal: AbortSignal): AsyncIterable<readonly Device[]>;
  /** The encoded answer for one container. */
  allocate(ids: readonly string[]): Promise<Uint8Array>;
  preferred(available: readonly string[], mustInclude: readonly string[], size: number): Promise<readonly string[]>;
  preStart(ids: readonly string[]): Promise<void>;
  close(): void;
}

const dialMs = 10_000;
const dialPauseMs = 100;
const preStartMs = 30_000;
const healthy = 'Healthy';

/** Connects to a plugin's socket and asks what it can do. Rejects when it refuses, or is not there in ten seconds. */
export async function connectPlugin(socket: string): Promise<DevicePlugin> {
  const channel = grpcChannel(socket);
  const noLimit = { timeoutMs: Number.POSITIVE_INFINITY };
  const deadline = performance.now() + dialMs;
  let options: DevicePluginOptions | undefined;
  while (options === undefined) {
    const left = deadline - performance.now();
    // A plugin registers as soon as its socket is there, which may be before it serves. One that answers has its say.
    options = await channel.unary(service.getDevicePluginOptions, {}, { timeoutMs: left }).catch(async (error) => {
      const isThere = !(error instanceof GrpcError && error.code === 'Unavailable');
      if (isThere || performance.now() + dialPauseMs > deadline) {
        channel.close();
        throw new Error(`failed to get device plugin options: ${messageOf(error)}`, { cause: error });
      }
      await later(dialPauseMs);
      return undefined;
    });
  }
  return {
    socket,
    options,
    async *devices(signal) {
      for await (const { devices } of channel.stream(service.listAndWatch, {}, signal)) {
        yield devices.map(({ ID: id, health, topology }) => ({
          id,
          healthy: health === healthy,
          numaNodes: (topology?.nodes ?? []).map(({ ID }) => Number(ID)),
        }));
      }
    },
    async allocate(ids) {
      const request = { containerRequests: [{ devicesIds: [...ids] }] };
      const { containerResponses } = await channel.unary(service.allocate, request, noLimit);
      const [response] = containerResponses;
      if (response === undefined) throw new Error('no containers return in allocation response');
      return ContainerAllocateResponse.encode(response).finish();
    },
    async preferred(available, mustInclude, size) {
      const request = {
        containerRequests: [
          { availableDeviceIDs: [...available], mustIncludeDeviceIDs: [...mustInclude], allocationSize: size },
        ],
      };
      const { containerResponses } = await channel.unary(service.getPreferredAllocation, request, noLimit);
      return containerResponses[0]?.deviceIDs ?? [];
    },
    async preStart(ids) {
      await channel.unary(service.preStartContainer, { devicesIds: [...ids] }, { timeoutMs: preStartMs });
    },
    close: () => channel.close(),
  };
}
