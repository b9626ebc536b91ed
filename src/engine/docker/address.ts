import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerOptions } from 'dockerode';
import { messageOf } from '../../base/errors.ts';
import { badContext, badDockerConfig, badHost } from '../errors.ts';

/** Where an engine is, and how to speak to it. */
export interface EngineAddress {
  /** As Docker's own tools write it: `unix:///var/run/docker.sock`. */
  readonly url: string;
  readonly options: DockerOptions;
}

const defaultSocket = '/var/run/docker.sock';

/**
 * Finds the engine as the docker command does: DOCKER_HOST, then DOCKER_CONTEXT, then the current context of
 * ~/.docker/config.json, then the local socket. Throws ENGINE_BAD_CONTEXT.
 */
export function findEngine(env: NodeJS.ProcessEnv, home: string): EngineAddress {
  if (env.DOCKER_HOST) {
    const certificates = env.DOCKER_TLS_VERIFY ? (env.DOCKER_CERT_PATH ?? join(home, '.docker')) : undefined;
    return addressOf('DOCKER_HOST', env.DOCKER_HOST, certificates, env);
  }
  const configDir = env.DOCKER_CONFIG ?? join(home, '.docker');
  const context = env.DOCKER_CONTEXT ?? currentContext(join(configDir, 'config.json'));
  if (context === undefined || context === 'default') {
    return addressOf('the default', `unix://${defaultSocket}`, undefined, env);
  }
  const id = createHash('sha256').update(context).digest('hex');
  const file = join(configDir, 'contexts/meta', id, 'meta.json');
  const tls = join(configDir, 'contexts/tls', id, 'docker');
  const certificates = existsSync(tls) ? tls : undefined;
  return addressOf(`the Docker context ${context}`, contextHost(context, file), certificates, env);
}

function currentContext(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw badDockerConfig(file, error);
  }
  if (typeof config !== 'object' || config === null || !('currentContext' in config)) return undefined;
  return typeof config.currentContext === 'string' && config.currentContext !== '' ? config.currentContext : undefined;
}

function contextHost(name: string, file: string): string {
  try {
    const meta = JSON.parse(readFileSync(file, 'utf8')) as { Endpoints?: { docker?: { Host?: string } } };
    const host = meta.Endpoints?.docker?.Host;
    if (host) return host;
  } catch (error) {
    throw badContext(name, file, error);
  }
  throw badContext(name, file);
}

function addressOf(what: string, url: string, certificates: string | undefined, env: NodeJS.ProcessEnv): EngineAddress {
  if (url.startsWith('unix://')) return { url, options: { socketPath: url.slice('unix://'.length) } };
  const parsed = URL.parse(url.replace(/^tcp:/, 'http:'));
  if (parsed === null || parsed.hostname === '') throw badHost(what, url);
  const { hostname: host, port, protocol, username } = parsed;
  if (protocol === 'ssh:') {
    const sshOptions = env.SSH_AUTH_SOCK === undefined ? {} : { agent: env.SSH_AUTH_SOCK };
    return { url, options: { protocol: 'ssh', host, port: Number(port || 22), username, sshOptions } };
  }
  if (protocol !== 'http:' && protocol !== 'https:') throw badHost(what, url);
  if (certificates === undefined) return { url, options: { protocol: 'http', host, port: Number(port || 2375) } };
  return { url, options: { protocol: 'https', host, port: Number(port || 2376), ...readTls(certificates) } };
}

/** What there is of the three: a server that does not ask who we are needs no certificate of ours. */
function readTls(folder: string): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const read = (field: string, name: string) => {
    const file = join(folder, name);
    try {
      return existsSync(file) ? { [field]: readFileSync(file) } : {};
    } catch (error) {
      throw badDockerConfig(file, messageOf(error));
    }
  };
  return { ...read('ca', 'ca.pem'), ...read('cert', 'cert.pem'), ...read('key', 'key.pem') };
}
