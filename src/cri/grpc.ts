import { type GrpcMethod, grpcChannel } from './channel.ts';
import {
  ContainerConfig,
  ContainerFilter,
  ImageFilter,
  ImageSpec,
  ImageServiceService as images,
  PodSandboxConfig,
  PodSandboxFilter,
  RuntimeServiceService as runtime,
} from './generated/api.ts';
import { type GrpcCode, GrpcError } from './grpc-status.ts';
import { type CallOptions, type Cri, CriError, type CriErrorCode } from './port.ts';

export interface GrpcCriOptions {
  /** `unix:///run/containerd/containerd.sock`, or a bare path. */
  readonly runtimeEndpoint: string;
  /** Empty or absent: the runtime's endpoint. */
  readonly imageEndpoint?: string;
  /** Default limit of one call, in milliseconds (runtimeRequestTimeout). */
  readonly timeoutMs: number;
  /** Told of every call that has ended: CRI's name of the method, how long it took, and whether it failed. */
  readonly onCall?: (call: { readonly method: string; readonly ms: number; readonly failed: boolean }) => void;
}

const codes: Readonly<Partial<Record<GrpcCode, CriErrorCode>>> = {
  NotFound: 'notFound',
  AlreadyExists: 'alreadyExists',
  Unimplemented: 'unimplemented',
  DeadlineExceeded: 'deadlineExceeded',
  Unavailable: 'unavailable',
  Canceled: 'cancelled',
  ResourceExhausted: 'resourceExhausted',
};

const toCriError = (method: string, error: unknown): unknown =>
  error instanceof GrpcError ? new CriError(method, codes[error.code] ?? 'other', error.code, error.message) : error;

/** The CRI over gRPC: the only file that knows its messages. Connections are made lazily and restored by themselves. */
export function grpcCri({ runtimeEndpoint, imageEndpoint, timeoutMs, onCall }: GrpcCriOptions): Cri {
  const runtimeChannel = grpcChannel(runtimeEndpoint);
  const imageChannel =
    (imageEndpoint || runtimeEndpoint) === runtimeEndpoint ? runtimeChannel : grpcChannel(imageEndpoint ?? '');

  async function call<Request, Response>(
    channel: typeof runtimeChannel,
    name: string,
    method: GrpcMethod<Request, Response>,
    request: Request,
    { signal, timeoutMs: limit = timeoutMs }: CallOptions = {},
  ): Promise<Response> {
    signal?.throwIfAborted();
    const startedAt = performance.now();
    try {
      const response = await channel.unary(method, request, { signal, timeoutMs: limit });
      onCall?.({ method: name, ms: performance.now() - startedAt, failed: false });
      return response;
    } catch (error) {
      onCall?.({ method: name, ms: performance.now() - startedAt, failed: true });
      throw toCriError(name, error);
    }
  }
  const onRuntime = <Q, R>(name: string, method: GrpcMethod<Q, R>, request: Q, options?: CallOptions) =>
    call(runtimeChannel, name, method, request, options);
  const onImages = <Q, R>(name: string, method: GrpcMethod<Q, R>, request: Q, options?: CallOptions) =>
    call(imageChannel, name, method, request, options);

  return {
    version: (o) => onRuntime('Version', runtime.version, { version: '0.1.0' }, o),
    status: (verbose, o) => onRuntime('Status', runtime.status, { verbose }, o),
    runtimeConfig: (o) => onRuntime('RuntimeConfig', runtime.runtimeConfig, {}, o),
    async updatePodCidr(podCidr, o) {
      await onRuntime(
        'UpdateRuntimeConfig',
        runtime.updateRuntimeConfig,
        { runtimeConfig: { networkConfig: { podCidr } } },
        o,
      );
    },

    async runPodSandbox(config, runtimeHandler, o) {
      const request = { config: PodSandboxConfig.fromPartial(config), runtimeHandler };
      const limits = { timeoutMs: timeoutMs * 2, ...o };
      return (await onRuntime('RunPodSandbox', runtime.runPodSandbox, request, limits)).podSandboxId;
    },
    async stopPodSandbox(podSandboxId, o) {
      await onRuntime('StopPodSandbox', runtime.stopPodSandbox, { podSandboxId }, o);
    },
    async removePodSandbox(podSandboxId, o) {
      await onRuntime('RemovePodSandbox', runtime.removePodSandbox, { podSandboxId }, o);
    },
    podSandboxStatus: (podSandboxId, verbose, o) =>
      onRuntime('PodSandboxStatus', runtime.podSandboxStatus, { podSandboxId, verbose }, o),
    async updatePodSandboxResources(podSandboxId, overhead, resources, o) {
      const request = { podSandboxId, overhead, resources };
      await onRuntime('UpdatePodSandboxResources', runtime.updatePodSandboxResources, request, o);
    },
    async listPodSandboxes(filter, o) {
      const request = { filter: filter && PodSandboxFilter.fromPartial(filter) };
      return (await onRuntime('ListPodSandbox', runtime.listPodSandbox, request, o)).items;
    },

    async createContainer(podSandboxId, config, sandboxConfig, o) {
      const request = {
        podSandboxId,
        config: ContainerConfig.fromPartial(config),
        sandboxConfig: PodSandboxConfig.fromPartial(sandboxConfig),
      };
      return (await onRuntime('CreateContainer', runtime.createContainer, request, o)).containerId;
    },
    async startContainer(containerId, o) {
      await onRuntime('StartContainer', runtime.startContainer, { containerId }, o);
    },
    async stopContainer(containerId, graceSeconds, o) {
      const request = { containerId, timeout: BigInt(graceSeconds) };
      await onRuntime('StopContainer', runtime.stopContainer, request, {
        timeoutMs: timeoutMs + graceSeconds * 1000,
        ...o,
      });
    },
    async removeContainer(containerId, o) {
      await onRuntime('RemoveContainer', runtime.removeContainer, { containerId }, o);
    },
    async listContainers(filter, o) {
      const request = { filter: filter && ContainerFilter.fromPartial(filter) };
      return (await onRuntime('ListContainers', runtime.listContainers, request, o)).containers;
    },
    containerStatus: (containerId, verbose, o) =>
      onRuntime('ContainerStatus', runtime.containerStatus, { containerId, verbose }, o),
    async updateContainerResources(containerId, linux, o) {
      const request = { containerId, linux, windows: undefined, annotations: {} };
      await onRuntime('UpdateContainerResources', runtime.updateContainerResources, request, o);
    },
    async reopenContainerLog(containerId, o) {
      await onRuntime('ReopenContainerLog', runtime.reopenContainerLog, { containerId }, o);
    },
    async checkpointContainer(containerId, location, timeoutSeconds, o) {
      const request = { containerId, location, timeout: BigInt(timeoutSeconds) };
      const limit = timeoutMs + timeoutSeconds * 1000;
      await onRuntime('CheckpointContainer', runtime.checkpointContainer, request, { timeoutMs: limit, ...o });
    },

    async execSync(containerId, command, timeoutSeconds, o) {
      const request = { containerId, cmd: [...command], timeout: BigInt(timeoutSeconds) };
      const limit = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : timeoutMs + timeoutSeconds * 1000;
      return onRuntime('ExecSync', runtime.execSync, request, { timeoutMs: limit, ...o });
    },
    async exec({ containerId, command, stdin, stdout, stderr, tty }, o) {
      const request = { containerId, cmd: [...command], stdin, stdout, stderr, tty };
      return (await onRuntime('Exec', runtime.exec, request, o)).url;
    },
    async attach({ containerId, stdin, stdout, stderr, tty }, o) {
      return (await onRuntime('Attach', runtime.attach, { containerId, stdin, stdout, stderr, tty }, o)).url;
    },
    async portForward(podSandboxId, ports, o) {
      return (await onRuntime('PortForward', runtime.portForward, { podSandboxId, port: [...ports] }, o)).url;
    },

    async containerStats(containerId, o) {
      const { stats } = await onRuntime('ContainerStats', runtime.containerStats, { containerId }, o);
      if (stats === undefined)
        throw new CriError('ContainerStats', 'notFound', 'NotFound', `no stats of ${containerId}`);
      return stats;
    },
    async listContainerStats(o) {
      return (await onRuntime('ListContainerStats', runtime.listContainerStats, { filter: undefined }, o)).stats;
    },
    async podSandboxStats(podSandboxId, o) {
      const { stats } = await onRuntime('PodSandboxStats', runtime.podSandboxStats, { podSandboxId }, o);
      if (stats === undefined)
        throw new CriError('PodSandboxStats', 'notFound', 'NotFound', `no stats of ${podSandboxId}`);
      return stats;
    },
    async listPodSandboxStats(o) {
      return (await onRuntime('ListPodSandboxStats', runtime.listPodSandboxStats, { filter: undefined }, o)).stats;
    },
    async *events(signal) {
      try {
        yield* runtimeChannel.stream(runtime.getContainerEvents, {}, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw toCriError('GetContainerEvents', error);
      }
      throw new CriError('GetContainerEvents', 'unavailable', 'Unavailable', 'the event stream ended');
    },

    async listImages(image, o) {
      const request = { filter: image === undefined ? undefined : ImageFilter.fromPartial({ image: { image } }) };
      return (await onImages('ListImages', images.listImages, request, o)).images;
    },
    imageStatus: (image, verbose, o) =>
      onImages('ImageStatus', images.imageStatus, { image: ImageSpec.fromPartial(image), verbose }, o),
    async pullImage(image, auth, sandboxConfig, o) {
      const request = {
        image: ImageSpec.fromPartial(image),
        auth,
        sandboxConfig: sandboxConfig && PodSandboxConfig.fromPartial(sandboxConfig),
      };
      const limits = { timeoutMs: Number.POSITIVE_INFINITY, ...o };
      return (await onImages('PullImage', images.pullImage, request, limits)).imageRef;
    },
    async removeImage(image, o) {
      await onImages('RemoveImage', images.removeImage, { image: ImageSpec.fromPartial(image) }, o);
    },
    async imageFsInfo(o) {
      const info = await onImages('ImageFsInfo', images.imageFsInfo, {}, o);
      return { images: info.imageFilesystems, containers: info.containerFilesystems };
    },
    close() {
      runtimeChannel.close();
      imageChannel.close();
    },
  };
}
