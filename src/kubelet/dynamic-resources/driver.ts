import { type GrpcMethod, grpcChannel } from '../../cri/channel.ts';
import {
  type Claim,
  type NodePrepareResourcesResponse,
  type NodeUnprepareResourcesResponse,
  DRAPluginService as service,
} from '../../cri/generated/dra.ts';
import { type DeviceHealth, DRAResourceHealthService as healthService } from '../../cri/generated/drahealth.ts';
import { GrpcError } from '../../cri/grpc-status.ts';

const timeoutMs = 45_000;
/** As a plugin tells of them when it registers, the newest first. */
const services = ['v1.DRAPlugin', 'v1beta1.DRAPlugin'];
const healthServices = ['v1.DRAResourceHealth', 'v1alpha1.DRAResourceHealth'];

const quoted = (names: readonly string[]): string => `[${names.map((name) => JSON.stringify(name)).join(' ')}]`;

/** The service that the plugin is spoken to in. Throws when it has none that the kubelet knows. */
export function chooseService(offered: readonly string[]): string {
  if (offered.length === 0) throw new Error('empty list of supported gRPC services (aka supported versions)');
  const chosen = offered.find((name) => services.includes(name));
  if (chosen === undefined)
    throw new Error(
      `none of services supported by the plugin (${quoted(offered)}) are supported by the kubelet (${quoted(services)})`,
    );
  return chosen;
}

/** The older versions have the same messages under other paths. */
function inVersion<Q, R>(method: GrpcMethod<Q, R>, version: string): GrpcMethod<Q, R> {
  return { ...method, path: method.path.replace(/v1(?=\.DRA)/, version) };
}

/** One plugin of a driver, over its socket. Calls reject with an Error that quotes the driver's own. */
export interface DriverPlugin {
  readonly socket: string;
  prepare(claims: readonly Claim[]): Promise<NodePrepareResourcesResponse>;
  unprepare(claims: readonly Claim[]): Promise<NodeUnprepareResourcesResponse>;
  /** How its devices are, each time that changes; undefined: it does not tell. Rejects when the stream breaks. */
  readonly health: ((signal: AbortSignal) => AsyncIterable<readonly DeviceHealth[]>) | undefined;
  /** Keeps a connection up until the signal aborts, and says whether there is one. */
  watch(onChange: (connected: boolean) => void, signal: AbortSignal): Promise<void>;
  close(): void;
}

export type OnCall = (call: { readonly method: string; readonly ms: number; readonly code: string }) => void;

/** Nothing is sent before it is needed. Throws when the plugin speaks no version that the kubelet knows. */
export function driverPlugin(socket: string, offered: readonly string[], onCall: OnCall): DriverPlugin {
  const [version = ''] = chooseService(offered).split('.');
  const healthVersion = healthServices.find((name) => offered.includes(name))?.split('.')[0];
  const channel = grpcChannel(socket);

  async function call<Q, R>(method: GrpcMethod<Q, R>, request: Q): Promise<R> {
    const startedAt = performance.now();
    const chosen = inVersion(method, version);
    const told = (code: string) => onCall({ method: chosen.path, ms: performance.now() - startedAt, code });
    try {
      const answer = await channel.unary(chosen, request, { timeoutMs });
      told('OK');
      return answer;
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      told(error.code);
      const name = chosen.path.split('/').at(-1);
      throw new Error(`${name}: rpc error: code = ${error.code} desc = ${error.message}`, { cause: error });
    }
  }

  return {
    socket,
    prepare: (claims) => call(service.nodePrepareResources, { claims: [...claims] }),
    unprepare: (claims) => call(service.nodeUnprepareResources, { claims: [...claims] }),
    health:
      healthVersion === undefined
        ? undefined
        : async function* (signal) {
            const method = inVersion(healthService.nodeWatchResources, healthVersion);
            for await (const { devices } of channel.stream(method, {}, signal)) yield devices;
          },
    watch: (onChange, signal) => channel.keepConnected(onChange, signal),
    close: () => channel.close(),
  };
}
