import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { ContainerInspectInfo } from 'dockerode';
import { type KlabError, messageOf } from '../../base/errors.ts';
import { addressInUse, engineFailed, mountMissing, nameInUse, portBusy } from '../errors.ts';
import type { ContainerEngine, ContainerInfo, ContainerSpec, PublishedPort } from '../port.ts';
import { type Privilege, renderCreateOptions } from './run-args.ts';
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
      Object.entries(raw.NetworkSettings.Networks ?? {}).map(([name, { IPAddress }]) => [name, IPAddress]),
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

/** The engine's refusal, in words that say what to do. */
function explainStart(spec: ContainerSpec, error: unknown): KlabError {
  const text = messageOf(error);
  const busy =
    /(?:Bind for|listen \w+) (\S+?):? (?:failed: port is already allocated|bind: address already in use)/.exec(
      text,
    )?.[1];
  if (busy !== undefined) return portBusy(spec.name, busy, error);
  if (isStatus(error, 409) && text.includes('name')) return nameInUse(spec.name, error);
  if (/Address already in use/i.test(text) && spec.ipv4Address !== undefined)
    return addressInUse(spec.name, spec.ipv4Address, error);
  const missing = /bind source path does not exist: (\S+)/.exec(text)?.[1];
  if (missing !== undefined) return mountMissing(spec.name, `${missing} does not exist`, error);
  return engineFailed(`cannot start ${spec.name}`, error);
}

const refusesPrivileged = (error: unknown): boolean =>
  /unable to apply caps|CAP_|operation not permitted/i.test(messageOf(error));

export function containerMethods(docker: Docker): ContainerMethods {
  // Found out at the first machine and kept: asking again would cost a container that cannot start each time.
  let privilege: Privilege = 'privileged';

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
      const tried = privilege;
      try {
        return await createAndStart(spec, tried);
      } catch (error) {
        if (spec.kind !== 'machine' || tried !== 'privileged' || !refusesPrivileged(error))
          throw explainStart(spec, error);
      }
      privilege = 'named';
      try {
        return await createAndStart(spec, privilege);
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
      await docker.getContainer(name).start();
    },
    async stopContainer(name, graceMs) {
      await docker.getContainer(name).stop({ t: Math.ceil(graceMs / 1000) });
    },
    async containerLogs(name) {
      const logs = await docker.getContainer(name).logs({ stdout: true, stderr: true, follow: false });
      return logs.toString('utf8');
    },
    async putArchive(name, path, tar) {
      await docker.getContainer(name).putArchive(tar, { path });
    },
    async getArchive(name, path) {
      return (await docker.getContainer(name).getArchive({ path })) as Readable;
    },
  };
}
