import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { addressInUse, containerNotRunning, engineFailed, nameInUse } from './errors.ts';
import type {
  ContainerEngine,
  ContainerInfo,
  ContainerSpec,
  EngineInfo,
  ExecOptions,
  ExecResult,
  NetworkInfo,
} from './port.ts';

export interface FakeContainer {
  readonly spec: ContainerSpec;
  state: ContainerInfo['state'];
  /** What `putArchive` unpacked: path → text. */
  readonly files: Map<string, string>;
}

/** What a command in a container does: its output, or all of its result; undefined: nothing, successfully. */
export type FakeCommand = (
  container: string,
  argv: readonly string[],
  input: string,
  options: ExecOptions,
) => Partial<ExecResult> | string | undefined | Promise<Partial<ExecResult> | string | undefined>;

export interface FakeEngine extends ContainerEngine {
  readonly containers: Map<string, FakeContainer>;
  readonly networks: Map<string, NetworkInfo>;
  readonly images: Map<string, { id: string; labels: Readonly<Record<string, string>> }>;
  /** Everything that changed something, and every command, in order: `run lab-worker`, `exec lab-worker true`. */
  readonly done: string[];
}

export interface FakeEngineOptions {
  readonly images?: Readonly<Record<string, { id: string; labels: Readonly<Record<string, string>> }>>;
  readonly networks?: readonly NetworkInfo[];
  readonly command?: FakeCommand;
  /** Why the engine does not start a container; undefined: it does. */
  readonly refuse?: (spec: ContainerSpec) => Error | undefined;
}

const engineInfo: EngineInfo = {
  version: '20.10.24',
  apiVersion: '1.41',
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  cgroupVersion: '1',
  rootless: false,
  cpus: 2,
  memoryBytes: 8 * 2 ** 30,
  raw: { ServerVersion: '20.10.24' },
};

/** An engine with memory for tests: containers, networks and images, but no processes. */
export function fakeEngine({ images = {}, networks = [], command, refuse }: FakeEngineOptions = {}): FakeEngine {
  const state = {
    containers: new Map<string, FakeContainer>(),
    networks: new Map(networks.map((network) => [network.name, network])),
    images: new Map(Object.entries(images)),
    done: [] as string[],
  };
  const { containers, done } = state;
  const mustRun = (name: string): FakeContainer => {
    const container = containers.get(name);
    if (container === undefined) throw engineFailed(`cannot find ${name}`, 'no such container');
    if (container.state !== 'running') throw containerNotRunning(name, undefined);
    return container;
  };
  const toInfo = ({ spec, state }: FakeContainer): ContainerInfo => ({
    id: `id-${spec.name}`,
    name: spec.name,
    image: spec.image,
    state,
    exitCode: 0,
    labels: spec.labels ?? {},
    addresses: spec.network === undefined ? {} : { [spec.network]: spec.ipv4Address ?? '' },
    ports: spec.ports ?? [],
    raw: { Name: spec.name },
  });
  const holderOf = (address: string | undefined) =>
    address === undefined ? undefined : [...containers.values()].find(({ spec }) => spec.ipv4Address === address);

  return {
    ...state,
    info: async () => engineInfo,
    imageExists: async (reference) => state.images.has(reference),
    inspectImage: async (reference) => state.images.get(reference),
    pullImage: async (reference) => {
      throw engineFailed(`cannot pull the image ${reference}`, 'there is no registry');
    },
    tagImage: async (reference, newReference) => {
      const image = state.images.get(reference);
      if (image !== undefined) state.images.set(newReference, image);
    },
    removeImage: async (reference) => {
      state.images.delete(reference);
    },
    importImage: async (_rootfs, reference) => {
      state.images.set(reference, { id: `sha256:${reference}`, labels: {} });
    },
    loadImages: async () => [],
    saveImages: async (references) => {
      done.push(`save ${references.join(' ')}`);
      return Readable.from([`archive of ${references.join(' ')}`]);
    },
    buildImage: async (_context, reference) => {
      state.images.set(reference, { id: `sha256:${reference}`, labels: {} });
    },
    commit: async () => undefined,

    ensureNetwork: async (name, labels) => {
      const network = state.networks.get(name) ?? {
        name,
        id: `id-${name}`,
        subnets: ['172.18.0.0/16'],
        gateways: ['172.18.0.1'],
        addresses: [],
        labels,
      };
      state.networks.set(name, network);
      return network;
    },
    inspectNetwork: async (name) => state.networks.get(name),
    removeNetwork: async (name) => {
      state.networks.delete(name);
    },

    runContainer: async (spec, signal) => {
      signal?.throwIfAborted();
      const refused = refuse?.(spec);
      if (refused !== undefined) throw refused;
      if (containers.has(spec.name)) throw nameInUse(spec.name, undefined);
      if (holderOf(spec.ipv4Address)) throw addressInUse(spec.name, spec.ipv4Address ?? '', undefined);
      containers.set(spec.name, { spec, state: 'running', files: new Map() });
      done.push(`run ${spec.name}`);
      return `id-${spec.name}`;
    },
    inspectContainer: async (name) => {
      const container = containers.get(name);
      return container === undefined ? undefined : toInfo(container);
    },
    listContainers: async (labels) =>
      [...containers.values()]
        .map(toInfo)
        .filter((info) =>
          Object.entries(labels).every(([k, v]) => k in info.labels && (v === '' || info.labels[k] === v)),
        )
        .sort((a, b) => a.name.localeCompare(b.name)),
    startContainer: async (name) => {
      const container = containers.get(name);
      if (container !== undefined) container.state = 'running';
    },
    stopContainer: async (name) => {
      mustRun(name).state = 'exited';
    },
    removeContainer: async (name) => {
      done.push(`remove ${name}`);
      containers.delete(name);
    },
    containerLogs: async (name) => `console of ${name}\n`,
    exec: async (name, argv, options = {}) => {
      options.signal?.throwIfAborted();
      mustRun(name);
      done.push(`exec ${name} ${argv.join(' ')}`);
      const input = await textOf(options.input);
      const result = await command?.(name, argv, input, options);
      return { exitCode: 0, stdout: '', stderr: '', ...(typeof result === 'string' ? { stdout: result } : result) };
    },
    execInteractive: async (name) => {
      mustRun(name);
      return 0;
    },
    putArchive: async (name, path, tar) => {
      const { files } = mustRun(name);
      for await (const entry of tar.pipe(extract())) {
        files.set(`${path}${entry.header.name}`, (await buffer(entry)).toString());
      }
    },
    getArchive: async (name, path) => {
      throw engineFailed(`cannot copy ${path} from ${name}`, 'a fake has no files to give');
    },
  };
}

async function textOf(input: ExecOptions['input']): Promise<string> {
  if (input === undefined) return '';
  if (input instanceof Readable) return (await buffer(input)).toString();
  return typeof input === 'string' ? input : Buffer.from(input).toString();
}
