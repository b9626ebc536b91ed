import type { Clock } from '../base/clock.ts';
import {
  Container,
  type ContainerEventResponse,
  ContainerStatus,
  Image,
  PodSandbox,
  PodSandboxStatus,
} from './generated/api.ts';
import { type ContainerConfig, type Cri, CriError, type PodSandboxConfig } from './port.ts';

const ready = 0;
const notReady = 1;
const state = { created: 0, running: 1, exited: 2 } as const;
const stoppedEvent = 2;

interface FakeSandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdAt: bigint;
  state: number;
}

interface FakeContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly createdAt: bigint;
  state: number;
  startedAt: bigint;
  finishedAt: bigint;
  exitCode: number;
  reason: string;
}

/** A runtime with memory, for tests; every call it got stands in `calls`, as `method subject`. */
export interface FakeCri extends Cri {
  readonly calls: string[];
  readonly sandboxes: ReadonlyMap<string, FakeSandbox>;
  readonly containers: ReadonlyMap<string, FakeContainer>;
  /** Images that are there; others can be pulled when `pullable` has them. */
  readonly images: Set<string>;
  readonly pullable: Set<string>;
  /** The container's process ends. */
  exit(container: string, exitCode: number): void;
  /** The next call of this method fails so. */
  failNext(method: keyof Cri, error: Error): void;
}

/** Makes a fake runtime. Containers stop with 143 as soon as they are told to. */
export function fakeCri(clock: Clock): FakeCri {
  const sandboxes = new Map<string, FakeSandbox>();
  const containers = new Map<string, FakeContainer>();
  const images = new Set<string>();
  const pullable = new Set<string>();
  const calls: string[] = [];
  const failures = new Map<string, Error[]>();
  const listeners = new Set<(event: ContainerEventResponse) => void>();
  let ids = 0;
  const now = () => BigInt(clock.now()) * 1_000_000n;

  function failIfTold(method: keyof Cri): void {
    const failure = failures.get(method)?.shift();
    if (failure !== undefined) throw failure;
  }
  function called(method: keyof Cri, subject: string): void {
    calls.push(`${method} ${subject}`);
    failIfTold(method);
  }
  const notFound = (method: string, id: string) => new CriError(method, 'notFound', 'NotFound', `${id} not found`);
  const sandboxOf = (method: string, id: string): FakeSandbox => {
    const found = sandboxes.get(id);
    if (found === undefined) throw notFound(method, id);
    return found;
  };
  const containerOf = (method: string, id: string): FakeContainer => {
    const found = containers.get(id);
    if (found === undefined) throw notFound(method, id);
    return found;
  };
  const matches = (labels: Record<string, string>, wanted: Record<string, string> = {}) =>
    Object.entries(wanted).every(([key, value]) => labels[key] === value);

  function end(container: FakeContainer, exitCode: number): void {
    if (container.state === state.exited) return;
    Object.assign(container, {
      state: state.exited,
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      finishedAt: now(),
    });
    const podSandboxStatus = sandboxStatus(sandboxOf('event', container.sandboxId));
    for (const listen of listeners) {
      listen({
        containerId: container.id,
        containerEventType: stoppedEvent,
        createdAt: now(),
        podSandboxStatus,
        containersStatuses: [],
      });
    }
  }

  const sandboxStatus = ({ id, config, createdAt, state }: FakeSandbox): PodSandboxStatus =>
    PodSandboxStatus.fromPartial({
      id,
      createdAt,
      state: state === ready ? 0 : 1,
      ...(config.metadata === undefined ? {} : { metadata: config.metadata }),
      network: state === ready ? { ip: `10.244.1.${id.split('-')[1]}`, additionalIps: [] } : { ip: '' },
      linux: {
        namespaces: { options: config.linux?.securityContext?.namespaceOptions ?? { network: 0, pid: 0, ipc: 0 } },
      },
      labels: config.labels,
      annotations: config.annotations,
    });

  const containerStatus = (container: FakeContainer): ContainerStatus =>
    ContainerStatus.fromPartial({
      id: container.id,
      ...(container.config.metadata === undefined ? {} : { metadata: container.config.metadata }),
      state: container.state === state.created ? 0 : container.state === state.running ? 1 : 2,
      createdAt: container.createdAt,
      startedAt: container.startedAt,
      finishedAt: container.finishedAt,
      exitCode: container.exitCode,
      reason: container.reason,
      image: { image: container.config.image?.userSpecifiedImage ?? '' },
      imageRef: container.config.image?.image ?? '',
      labels: container.config.labels,
      annotations: container.config.annotations,
    });

  const unsupported = (method: string) => (): Promise<never> =>
    Promise.reject(new CriError(method, 'unimplemented', 'Unimplemented', `the fake has no ${method}`));

  return {
    calls,
    sandboxes,
    containers,
    images,
    pullable,
    exit: (id, exitCode) => end(containerOf('exit', id), exitCode),
    failNext: (method, error) => void failures.set(method, [...(failures.get(method) ?? []), error]),

    version: async () => ({ version: '0.1.0', runtimeName: 'fake', runtimeVersion: '1.0', runtimeApiVersion: 'v1' }),
    status: unsupported('Status'),
    runtimeConfig: unsupported('RuntimeConfig'),
    async updatePodCidr(podCidr) {
      called('updatePodCidr', podCidr);
    },
    async runPodSandbox(config) {
      called('runPodSandbox', config.metadata?.name ?? '');
      ids += 1;
      const id = `sandbox-${ids}`;
      sandboxes.set(id, { id, config, createdAt: now(), state: ready });
      return id;
    },
    async stopPodSandbox(id) {
      called('stopPodSandbox', id);
      sandboxOf('StopPodSandbox', id).state = notReady;
      for (const container of containers.values()) if (container.sandboxId === id) end(container, 137);
    },
    async removePodSandbox(id) {
      called('removePodSandbox', id);
      sandboxes.delete(id);
      for (const container of containers.values()) if (container.sandboxId === id) containers.delete(container.id);
    },
    podSandboxStatus: async (id) => {
      failIfTold('podSandboxStatus');
      return {
        status: sandboxStatus(sandboxOf('PodSandboxStatus', id)),
        info: {},
        containersStatuses: [],
        timestamp: now(),
      };
    },
    listPodSandboxes: async (filter) =>
      [...sandboxes.values()]
        .filter(({ config }) => matches(config.labels, filter?.labelSelector))
        .map(({ id, config, createdAt, state }) =>
          PodSandbox.fromPartial({
            id,
            createdAt,
            state: state === ready ? 0 : 1,
            labels: config.labels,
            ...(config.metadata === undefined ? {} : { metadata: config.metadata }),
          }),
        ),
    async createContainer(sandboxId, config) {
      const name = config.metadata?.name ?? '';
      called('createContainer', name);
      ids += 1;
      const id = `${name}-${ids}`;
      const never = { startedAt: 0n, finishedAt: 0n, exitCode: 0, reason: '' };
      containers.set(id, { id, sandboxId, config, createdAt: now(), state: state.created, ...never });
      return id;
    },
    async startContainer(id) {
      called('startContainer', id);
      Object.assign(containerOf('StartContainer', id), { state: state.running, startedAt: now() });
    },
    async stopContainer(id, graceSeconds) {
      called('stopContainer', `${id} ${graceSeconds}`);
      end(containerOf('StopContainer', id), 143);
    },
    async removeContainer(id) {
      called('removeContainer', id);
      containers.delete(id);
    },
    listContainers: async (filter) => {
      failIfTold('listContainers');
      return [...containers.values()]
        .filter(({ config }) => matches(config.labels, filter?.labelSelector))
        .map((container) => {
          const { id, state, createdAt, labels, annotations } = containerStatus(container);
          return Container.fromPartial({
            id,
            state,
            createdAt,
            labels,
            annotations,
            podSandboxId: container.sandboxId,
          });
        });
    },
    containerStatus: async (id) => ({ status: containerStatus(containerOf('ContainerStatus', id)), info: {} }),
    async updatePodSandboxResources(id) {
      called('updatePodSandboxResources', id);
    },
    async updateContainerResources(id) {
      called('updateContainerResources', id);
    },
    async reopenContainerLog(id) {
      called('reopenContainerLog', id);
    },
    async checkpointContainer(id, location) {
      called('checkpointContainer', `${containerOf('checkpointContainer', id).id} ${location}`);
    },
    async execSync(id, command) {
      called('execSync', `${id} ${command.join(' ')}`);
      return { stdout: new Uint8Array(), stderr: new Uint8Array(), exitCode: 0 };
    },
    exec: unsupported('Exec'),
    attach: unsupported('Attach'),
    portForward: unsupported('PortForward'),
    containerStats: unsupported('ContainerStats'),
    listContainerStats: async () => [],
    podSandboxStats: unsupported('PodSandboxStats'),
    listPodSandboxStats: async () => [],
    async *events(signal) {
      const queue: ContainerEventResponse[] = [];
      let wake = () => {};
      const listen = (event: ContainerEventResponse) => {
        queue.push(event);
        wake();
      };
      listeners.add(listen);
      signal.addEventListener('abort', () => wake());
      try {
        while (!signal.aborted) {
          const event = queue.shift();
          if (event !== undefined) yield event;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        listeners.delete(listen);
      }
    },

    listImages: async () => [...images].map((name) => Image.fromPartial({ id: `sha256:${name}`, repoTags: [name] })),
    async imageStatus({ image = '' }) {
      called('imageStatus', image);
      const name = image.replace(/^sha256:/, '');
      const found = images.has(name) ? Image.fromPartial({ id: `sha256:${name}`, size: 100n }) : undefined;
      return { image: found, info: {} };
    },
    async pullImage({ image = '' }) {
      called('pullImage', image);
      if (!pullable.has(image)) throw notFound('PullImage', image);
      images.add(image);
      return `sha256:${image}`;
    },
    async removeImage({ image = '' }) {
      called('removeImage', image);
      images.delete(image);
    },
    imageFsInfo: async () => ({ images: [], containers: [] }),
    close() {},
  };
}
