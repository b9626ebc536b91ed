import { KlabError, messageOf } from '../base/errors.ts';

const oldestApi = '1.41';

export const engineNotRunning = (address: string, cause: unknown) =>
  new KlabError('ENGINE_NOT_RUNNING', `no Docker engine answers at ${address}`, {
    hint: 'start Docker (`systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to where it runs',
    cause,
  });

export const engineNotPermitted = (address: string, cause: unknown) =>
  new KlabError('ENGINE_NOT_PERMITTED', `you may not use the Docker engine at ${address}`, {
    hint: 'add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in again), or use sudo',
    cause,
  });

export const engineTooOld = (version: string, apiVersion: string) =>
  new KlabError('ENGINE_TOO_OLD', `Docker ${version} (API ${apiVersion}) is too old`, {
    hint: `install Docker 20.10 or newer (API ${oldestApi})`,
  });

export const isTooOld = (apiVersion: string): boolean => {
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  const [oldMajor = 0, oldMinor = 0] = oldestApi.split('.').map(Number);
  return major < oldMajor || (major === oldMajor && minor < oldMinor);
};

export const badHost = (name: string, url: string) =>
  new KlabError('ENGINE_BAD_HOST', `${name} is ${JSON.stringify(url)}, which names no Docker engine`, {
    hint: 'write unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST',
  });

export const badDockerConfig = (file: string, cause: unknown) =>
  new KlabError('ENGINE_BAD_CONFIG', `${file} cannot be read: ${messageOf(cause)}`, {
    hint: 'correct it, or name the engine with DOCKER_HOST',
    cause,
  });

export const badContext = (name: string, file: string, cause?: unknown) =>
  new KlabError('ENGINE_BAD_CONTEXT', `the Docker context "${name}" cannot be read from ${file}`, {
    hint: 'list the contexts with `docker context ls`',
    cause,
  });

export const portBusy = (container: string, port: string, cause: unknown) =>
  new KlabError('PORT_BUSY', `cannot start ${container}: port ${port} of this machine is in use`, {
    hint: 'choose another port in the config, or 0 for a free one; `ss -ltnp` shows who uses it',
    cause,
  });

export const nameInUse = (container: string, cause: unknown) =>
  new KlabError('CONTAINER_EXISTS', `a container named ${container} exists already`, {
    hint: `remove it with \`docker rm -f ${container}\`, or choose another --name`,
    cause,
  });

export const addressInUse = (container: string, address: string, cause: unknown) =>
  new KlabError('ADDRESS_IN_USE', `cannot give ${container} the address ${address}: another container has it`, {
    cause,
  });

export const mountMissing = (container: string, message: string, cause: unknown) =>
  new KlabError('MOUNT_MISSING', `cannot start ${container}: ${message}`, {
    hint: 'create the folder that hostPath of extraMounts names',
    cause,
  });

export const containerNotRunning = (container: string, cause: unknown) =>
  new KlabError('CONTAINER_NOT_RUNNING', `${container} is not running`, {
    hint: `start it with \`docker start ${container}\`; \`docker logs ${container}\` may tell why it stopped`,
    cause,
  });

export const execTimedOut = (container: string, command: string, timeoutMs: number) =>
  new KlabError('EXEC_TIMEOUT', `\`${command}\` in ${container} took longer than ${timeoutMs / 1000} seconds`);

export const engineFailed = (what: string, cause: unknown) =>
  new KlabError('ENGINE_FAILED', `${what}: ${messageOf(cause)}`, {
    hint: '`docker info` and the log of dockerd may tell more',
    cause,
  });
