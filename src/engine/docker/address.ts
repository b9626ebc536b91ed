import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DockerOptions } from 'dockerode';
import { badContext } from '../errors.ts';

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
    return addressOf(env.DOCKER_HOST, certificates);
  }
  const configDir = env.DOCKER_CONFIG ?? join(home, '.docker');
  const context = env.DOCKER_CONTEXT ?? currentContext(join(configDir, 'config.json'));
  if (context === undefined || context === 'default') return addressOf(`unix://${defaultSocket}`, undefined);
  const id = createHash('sha256').update(context).digest('hex');
  const file = join(configDir, 'contexts/meta', id, 'meta.json');
  const tls = join(configDir, 'contexts/tls', id, 'docker');
  return addressOf(contextHost(context, file), existsSync(tls) ? tls : undefined);
}

function currentContext(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const config: unknown = JSON.parse(readFileSync(file, 'utf8'));
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

function addressOf(url: string, certificates: string | undefined): EngineAddress {
  if (url.startsWith('unix://')) return { url, options: { socketPath: url.slice('unix://'.length) } };
  const { hostname, port, protocol, username } = new URL(url.replace(/^tcp:/, 'http:'));
  if (protocol === 'ssh:') {
    return { url, options: { protocol: 'ssh', host: hostname, port: Number(port || 22), username } };
  }
  if (certificates === undefined)
    return { url, options: { protocol: 'http', host: hostname, port: Number(port || 2375) } };
  const pem = (name: string) => readFileSync(join(certificates, name));
  const tls = { ca: pem('ca.pem'), cert: pem('cert.pem'), key: pem('key.pem') };
  return { url, options: { protocol: 'https', host: hostname, port: Number(port || 2376), ...tls } };
}
