import { homedir } from 'node:os';
import Docker from 'dockerode';
import { codeOf } from '../../base/errors.ts';
import { engineFailed, engineNotPermitted, engineNotRunning, engineTooOld, isTooOld } from '../errors.ts';
import type { ContainerEngine, EngineInfo } from '../port.ts';
import { findEngine } from './address.ts';
import { containerMethods } from './containers.ts';
import { execMethods } from './exec.ts';
import { imageMethods } from './images.ts';
import { networkMethods } from './networks.ts';

export interface DockerEngineOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
}

/** The Docker engine of DOCKER_HOST, of the Docker context in force, or of this machine. */
export function dockerEngine({ env = process.env, home = homedir() }: DockerEngineOptions = {}): ContainerEngine {
  const { url, options } = findEngine(env, home);
  const docker = new Docker(options);

  async function info(signal?: AbortSignal): Promise<EngineInfo> {
    signal?.throwIfAborted();
    const [version, details] = await Promise.all([docker.version(), docker.info()]).catch((error: unknown) => {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'EPERM') throw engineNotPermitted(url, error);
      if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENOTFOUND') {
        throw engineNotRunning(url, error);
      }
      throw engineFailed(`the Docker engine at ${url} does not answer as one`, error);
    });
    if (isTooOld(version.ApiVersion)) throw engineTooOld(version.Version, version.ApiVersion);
    return {
      version: version.Version,
      apiVersion: version.ApiVersion,
      operatingSystem: details.OperatingSystem,
      cgroupVersion: details.CgroupVersion === '2' ? '2' : '1',
      rootless:
        (details.SecurityOptions as readonly string[] | undefined)?.some((o) => o.includes('rootless')) ?? false,
      cpus: details.NCPU,
      memoryBytes: details.MemTotal,
      raw: details,
    };
  }

  return {
    info,
    ...imageMethods(docker),
    ...networkMethods(docker),
    ...containerMethods(docker),
    ...execMethods(docker),
  };
}
