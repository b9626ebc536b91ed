import type { Readable, Writable } from 'node:stream';

/** A container as klab wants it. Which flags of the engine that takes is the adapter's business. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly hostname?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** The network to join; absent for the engine's default one. */
  readonly network?: string;
  /** A fixed address on that network. */
  readonly ipv4Address?: string;
  /** Domains that names are searched in; none at all when empty; absent: those of the engine's host. */
  readonly dnsSearch?: readonly string[];
  readonly mounts?: readonly Mount[];
  readonly ports?: readonly PublishedPort[];
  /** `machine`: looks like a machine, with systemd as its first process and as much privilege as the engine grants. */
  readonly kind: 'machine' | 'plain';
  readonly nanoCpus?: number;
  readonly memoryBytes?: number;
}

export type Mount =
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: 'private' | 'rslave' | 'rshared';
      readonly selinuxRelabel?: boolean;
    }
  | { readonly type: 'tmpfs'; readonly target: string }
  | { readonly type: 'volume'; readonly target: string };

export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostAddress: string;
  /** 0: the engine picks a free one. */
  readonly hostPort: number;
}

export interface ContainerInfo {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly state: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead' | 'removing';
  readonly exitCode: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Address on each network, by the network's name; of a stopped container the one it is fixed to, else ''. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly ports: readonly PublishedPort[];
  /** The engine's own JSON, for `export logs`. */
  readonly raw: unknown;
}

export interface ExecOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array | Readable;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Where output goes as it comes; without it, it is gathered in the result. */
  readonly stdout?: Writable;
  readonly stderr?: Writable;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InteractiveExec {
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly tty: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface NetworkInfo {
  readonly name: string;
  readonly id: string;
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
  /** Those that running containers have on it. */
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface EngineInfo {
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly cgroupVersion: '1' | '2';
  readonly rootless: boolean;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly raw: unknown;
}

/** One Docker-like engine on one host. Errors are `KlabError`s from `engine/errors.ts`. */
export interface ContainerEngine {
  /** Asks the engine who it is; throws ENGINE_NOT_RUNNING, ENGINE_NOT_PERMITTED or ENGINE_TOO_OLD. */
  info(signal?: AbortSignal): Promise<EngineInfo>;

  imageExists(reference: string): Promise<boolean>;
  /** The image's content id and labels, or undefined when it is not there. */
  inspectImage(reference: string): Promise<{ id: string; labels: Readonly<Record<string, string>> } | undefined>;
  pullImage(reference: string, signal?: AbortSignal): Promise<void>;
  tagImage(reference: string, newReference: string): Promise<void>;
  removeImage(reference: string): Promise<void>;
  /** `docker import`: a root file system (tar) becomes an image. `changes` are Dockerfile instructions. */
  importImage(rootfsTar: Readable, reference: string, changes?: readonly string[]): Promise<void>;
  /** `docker load`: returns the references that were loaded. */
  loadImages(archive: Readable): Promise<readonly string[]>;
  /** `docker save` */
  saveImages(references: readonly string[]): Promise<Readable>;
  /** `docker build` of a context given as a tar with a Dockerfile at its root; lines of output go to `onLine`. */
  buildImage(
    contextTar: Readable,
    reference: string,
    options?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly onLine?: (line: string) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<void>;
  /** `docker commit` with Dockerfile instructions (`VOLUME /var`, `CMD [...]`, `LABEL a=b`). */
  commit(container: string, reference: string, changes: readonly string[]): Promise<void>;

  ensureNetwork(name: string, labels: Readonly<Record<string, string>>): Promise<NetworkInfo>;
  inspectNetwork(name: string): Promise<NetworkInfo | undefined>;
  removeNetwork(name: string): Promise<void>;

  /** Creates and starts; returns the container's id. Nothing is left when it fails. */
  runContainer(spec: ContainerSpec, signal?: AbortSignal): Promise<string>;
  inspectContainer(name: string): Promise<ContainerInfo | undefined>;
  /** Containers, running or not, that carry all these labels ('' as a value: whatever its value). */
  listContainers(labels: Readonly<Record<string, string>>): Promise<readonly ContainerInfo[]>;
  startContainer(name: string): Promise<void>;
  stopContainer(name: string, graceMs: number): Promise<void>;
  /** Kills and removes with its anonymous volumes; a container that is not there is no error. */
  removeContainer(name: string): Promise<void>;
  /** The console's output so far. */
  containerLogs(name: string): Promise<string>;
  /** Runs a command in the container and returns its exit code and output; never throws for a non-zero exit. */
  exec(name: string, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Joins the user's terminal to a command in the container (raw mode, window size); returns its exit code. */
  execInteractive(name: string, argv: readonly string[], io: InteractiveExec): Promise<number>;
  /** Unpacks a tar at `path` in the container. */
  putArchive(name: string, path: string, tar: Readable): Promise<void>;
  getArchive(name: string, path: string): Promise<Readable>;
}
