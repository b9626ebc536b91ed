import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { engineFailed } from '../errors.ts';
import type { ContainerEngine, ContainerInfo, ContainerSpec, PublishedPort } from '../port.ts';
import { grantedPrivilege, type Privilege } from './capabilities.ts';
import { explainStart } from './explain-start.ts';
import { renderCreateOptions } from './run-args.ts';
import { isStatus } from './status.ts';

type ContainerMethods = Pick<
  ContainerEngine,
  | 'runContainer'
  | 'inspectContainer'
  | 'listContainers'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'containerLogs'
  | 'putArchive'
  | 'getArchive'
>;

const states = ['created', 'running', 'paused', 'restarting', 'exited', 'dead', 'removing'] as const;

function toContainerInfo(raw: ContainerInspectInfo): ContainerInfo {
  const bindings = Object.entries(raw.NetworkSettings.Ports ?? {}) as [
    string,
    { HostIp: string; HostPort: string }[] | null,
  ][];
  return {
    id: raw.Id,
    name: raw.Name.replace(/^\//, ''),
    image: raw.Config.Image,
    state: states.find((state) => state === raw.State.Status) ?? 'dead',
    exitCode: raw.State.ExitCode,
    labels: raw.Config.Labels ?? {},
    addresses: Object.fromEntries(
      Object.entries(raw.NetworkSettings.Networks ?? {}).map(([name, { IPAddress, IPAMConfig }]) => [
        name,
        IPAddress || (IPAMConfig?.IPv4Address ?? ''),
      ]),
    ),
    ports: bindings.flatMap(([key, hosts]) => {
      const [port = '', protocol = 'tcp'] = key.split('/');
      return (hosts ?? []).map(
        ({ HostIp, HostPort }): PublishedPort => ({
          containerPort: Number(port),
          protocol: protocol as PublishedPort['protocol'],
          hostAddress: HostIp,
          hostPort: Number(HostPort),
        }),
      );
    }),
    raw,
  };
}

/** 304: it is in that state already. */
const unlessSo = (error: unknown): void => {
  if (!isStatus(error, 304)) throw error;
};

/** Does something with the engine; when it refuses, the error says what was tried. */
async function saying<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw engineFailed(what, error);
  }
}

export function containerMethods(docker: Docker): ContainerMethods {
  const withGranted = grantedPrivilege();

  async function remove(name: string): Promise<void> {
    try {
      await docker.getContainer(name).remove({ force: true, v: true });
    } catch (error) {
      // 409: the engine is removing it already.
      if (!isStatus(error, 404) && !isStatus(error, 409)) throw engineFailed(`cannot remove ${name}`, error);
    }
  }

  async function createAndStart(spec: ContainerSpec, as: Privilege): Promise<string> {
    const container = await docker.createContainer(renderCreateOptions(spec, as));
    try {
      await container.start();
    } catch (error) {
      await remove(container.id);
      throw error;
    }
    return container.id;
  }

  async function inspectContainer(name: string): Promise<ContainerInfo | undefined> {
    try {
      return toContainerInfo(await docker.getContainer(name).inspect());
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw engineFailed(`cannot look at ${name}`, error);
    }
  }

  return {
    inspectContainer,
    removeContainer: remove,
    async runContainer(spec, signal) {
      signal?.throwIfAborted();
      const start = (as: Privilege) => createAndStart(spec, as);
      try {
        return await (spec.kind === 'machine' ? withGranted(start) : start('named'));
      } catch (error) {
        throw explainStart(spec, error);
      }
    },
    async listContainers(labels) {
      const filters = { label: Object.entries(labels).map(([key, value]) => (value === '' ? key : `${key}=${value}`)) };
      const found = await docker.listContainers({ all: true, filters }).catch((error: unknown) => {
        throw engineFailed('cannot list the containers', error);
      });
      const infos = await Promise.all(found.map(({ Id }) => inspectContainer(Id)));
      return infos.filter((info) => info !== undefined).sort((a, b) => a.name.localeCompare(b.name));
    },
    async startContainer(name) {
      await saying(`cannot start ${name}`, () => docker.getContainer(name).start().catch(unlessSo));
    },
    async stopContainer(name, graceMs) {
      await saying(`cannot stop ${name}`, () =>
        docker
          .getContainer(name)
          .stop({ t: Math.ceil(graceMs / 1000) })
          .catch(unlessSo),
      );
    },
    async containerLogs(name) {
      const read = () => docker.getContainer(name).logs({ stdout: true, stderr: true, follow: false });
      return (await saying(`cannot read the console of ${name}`, read)).toString('utf8');
    },
    async putArchive(name, path, tar) {
      await saying(`cannot copy files to ${name}`, () => docker.getContainer(name).putArchive(tar, { path }));
    },
    async getArchive(name, path) {
      const read = () => docker.getContainer(name).getArchive({ path });
      return (await saying(`cannot copy ${path} from ${name}`, read)) as Readable;
    },
  };
}
