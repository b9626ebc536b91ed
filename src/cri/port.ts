import type {
  AuthConfig,
  Container,
  ContainerConfig,
  ContainerEventResponse,
  ContainerFilter,
  ContainerStats,
  ContainerStatus,
  ContainerStatusResponse,
  FilesystemUsage,
  Image,
  ImageSpec,
  ImageStatusResponse,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxStats,
  PodSandboxStatus,
  PodSandboxStatusResponse,
  RuntimeConfigResponse,
  StatusResponse,
  VersionResponse,
} from './generated/api.ts';

export type {
  AuthConfig,
  Container,
  ContainerConfig,
  ContainerEventResponse,
  ContainerFilter,
  ContainerStats,
  ContainerStatus,
  ContainerStatusResponse,
  FilesystemUsage,
  Image,
  ImageSpec,
  ImageStatusResponse,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxStats,
  PodSandboxStatus,
  PodSandboxStatusResponse,
  RuntimeConfigResponse,
  StatusResponse,
  VersionResponse,
};

/** gRPC's status codes that callers tell apart. */
export type CriErrorCode =
  | 'notFound'
  | 'alreadyExists'
  | 'unimplemented'
  | 'deadlineExceeded'
  | 'unavailable'
  | 'cancelled'
  | 'resourceExhausted'
  | 'other';

/** What the runtime refused: `message` is the runtime's own text, without gRPC's prefix. */
export class CriError extends Error {
  readonly code: CriErrorCode;
  readonly method: string;
  /** gRPC's name of the code (`NotFound`), for messages that quote it as upstream does. */
  readonly grpcCode: string;

  constructor(method: string, code: CriErrorCode, grpcCode: string, message: string) {
    super(message);
    this.name = 'CriError';
    this.method = method;
    this.code = code;
    this.grpcCode = grpcCode;
  }
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Absent: the client's default (runtimeRequestTimeout). */
  readonly timeoutMs?: number;
}

export interface ExecSyncResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

/** CRI's RuntimeService. Every call rejects with a `CriError`. Messages are those of the CRI protocol. */
export interface CriRuntime {
  version(options?: CallOptions): Promise<VersionResponse>;
  status(verbose: boolean, options?: CallOptions): Promise<StatusResponse>;
  runtimeConfig(options?: CallOptions): Promise<RuntimeConfigResponse>;
  updatePodCidr(podCidr: string, options?: CallOptions): Promise<void>;

  runPodSandbox(config: PodSandboxConfig, runtimeHandler: string, options?: CallOptions): Promise<string>;
  stopPodSandbox(id: string, options?: CallOptions): Promise<void>;
  removePodSandbox(id: string, options?: CallOptions): Promise<void>;
  podSandboxStatus(id: string, verbose: boolean, options?: CallOptions): Promise<PodSandboxStatusResponse>;
  /** Tells what the sandbox's pod may use now; the cgroup itself is the caller's to set. */
  updatePodSandboxResources(
    id: string,
    overhead: LinuxContainerResources | undefined,
    resources: LinuxContainerResources,
    options?: CallOptions,
  ): Promise<void>;
  listPodSandboxes(filter?: Partial<PodSandboxFilter>, options?: CallOptions): Promise<PodSandbox[]>;

  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
    options?: CallOptions,
  ): Promise<string>;
  startContainer(id: string, options?: CallOptions): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number, options?: CallOptions): Promise<void>;
  removeContainer(id: string, options?: CallOptions): Promise<void>;
  listContainers(filter?: Partial<ContainerFilter>, options?: CallOptions): Promise<Container[]>;
  containerStatus(id: string, verbose: boolean, options?: CallOptions): Promise<ContainerStatusResponse>;
  updateContainerResources(id: string, linux: LinuxContainerResources, options?: CallOptions): Promise<void>;
  reopenContainerLog(id: string, options?: CallOptions): Promise<void>;
  /** Writes all of a running container's state to the file `location`. `timeoutSeconds` 0: the runtime's own limit. */
  checkpointContainer(id: string, location: string, timeoutSeconds: number, options?: CallOptions): Promise<void>;

  /** `timeoutSeconds` 0: no limit. A timeout rejects with code `deadlineExceeded`. */
  execSync(
    id: string,
    command: readonly string[],
    timeoutSeconds: number,
    options?: CallOptions,
  ): Promise<ExecSyncResult>;
  /** URL of the runtime's streaming server for this request. */
  exec(request: StreamRequest & { readonly command: readonly string[] }, options?: CallOptions): Promise<string>;
  attach(request: StreamRequest, options?: CallOptions): Promise<string>;
  portForward(sandboxId: string, ports: readonly number[], options?: CallOptions): Promise<string>;

  containerStats(id: string, options?: CallOptions): Promise<ContainerStats>;
  listContainerStats(options?: CallOptions): Promise<ContainerStats[]>;
  podSandboxStats(id: string, options?: CallOptions): Promise<PodSandboxStats>;
  listPodSandboxStats(options?: CallOptions): Promise<PodSandboxStats[]>;
  /** Container lifecycle events as they happen; ends by rejecting when the connection breaks. */
  events(signal: AbortSignal): AsyncIterable<ContainerEventResponse>;
}

export interface StreamRequest {
  readonly containerId: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** CRI's ImageService. */
export interface CriImages {
  listImages(filterImage?: string, options?: CallOptions): Promise<Image[]>;
  /** `image` is absent when there is no such image. */
  imageStatus(image: Partial<ImageSpec>, verbose: boolean, options?: CallOptions): Promise<ImageStatusResponse>;
  /** Returns the image's reference (its id). Has no default timeout. */
  pullImage(
    image: Partial<ImageSpec>,
    auth: AuthConfig | undefined,
    sandboxConfig: PodSandboxConfig | undefined,
    options?: CallOptions,
  ): Promise<string>;
  removeImage(image: Partial<ImageSpec>, options?: CallOptions): Promise<void>;
  imageFsInfo(options?: CallOptions): Promise<{ images: FilesystemUsage[]; containers: FilesystemUsage[] }>;
}

export interface Cri extends CriRuntime, CriImages {
  close(): void;
}
