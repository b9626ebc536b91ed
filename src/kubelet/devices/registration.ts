import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { messageOf } from '../../base/errors.ts';
import { RegistrationService } from '../../cri/generated/deviceplugin.ts';
import type { Plugin } from '../plugins/index.ts';

export interface Registered {
  readonly resource: string;
  /** The plugin's socket. */
  readonly socket: string;
}

const supportedVersion = 'v1beta1';

/** Why a request to register cannot be accepted; undefined: it can. */
export function findRegistrationProblem({
  version,
  endpoint,
  resource,
}: {
  readonly version: string;
  /** The socket's name in the folder of plugins. */
  readonly endpoint: string;
  readonly resource: string;
}): string | undefined {
  if (version !== supportedVersion)
    return `requested API version ${JSON.stringify(version)} is not supported by kubelet. Supported version is [${supportedVersion}]`;
  if (endpoint === '' || endpoint.includes('/'))
    return `the endpoint ${JSON.stringify(endpoint)} is no name of a socket`;
  return isExtendedResourceName(resource) ? undefined : `the ResourceName ${JSON.stringify(resource)} is invalid`;
}

/** Why a plugin that was found by its socket cannot be accepted; undefined: it can. */
export function findPluginProblem({ name, versions }: Plugin): string | undefined {
  if (!versions.includes(supportedVersion))
    return `manager version, ${supportedVersion}, is not among plugin supported versions [${versions.join(' ')}]`;
  return isExtendedResourceName(name)
    ? undefined
    : `invalid name of device plugin socket: the ResourceName ${JSON.stringify(name)} is invalid`;
}

/** `vendor.example/name`, in no domain of Kubernetes' own. */
export function isExtendedResourceName(name: string): boolean {
  const match = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.exec(name);
  const domain = match?.[1] ?? '';
  return match !== null && domain !== 'kubernetes.io' && !domain.endsWith('.kubernetes.io');
}

/**
 * Serves Registration on a socket. Sockets that an earlier run left in its folder are removed, so that plugins, which
 * watch for that, register anew. `onRegister` rejects to refuse. Answers a function that stops it.
 */
export async function serveRegistration(
  socket: string,
  onRegister: (registered: Registered) => Promise<void>,
): Promise<() => void> {
  const folder = dirname(socket);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if ((await lstat(path)).isSocket()) await rm(path);
  }
  const server = new Server();
  server.addService(RegistrationService, {
    register: (
      { request }: { request: { version: string; endpoint: string; resourceName: string } },
      answer: (error: { code: number; details: string } | null, value?: object) => void,
    ) => {
      const problem = findRegistrationProblem({ ...request, resource: request.resourceName });
      const done =
        problem === undefined
          ? onRegister({ resource: request.resourceName, socket: join(folder, request.endpoint) })
          : Promise.reject(new Error(problem));
      done.then(
        () => answer(null, {}),
        (error) => answer({ code: status.UNKNOWN, details: messageOf(error) }),
      );
    },
  });
  await bind(server, socket);
  return () => server.forceShutdown();
}

/** Lets a server listen on a socket. Rejects with what the system says. */
export function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
}
