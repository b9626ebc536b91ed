import type { AuthConfig } from '../../cri/port.ts';
import { hashCredential, type PullSecret } from './pull-record.ts';
import type { ImageReference } from './reference.ts';

/** One registry's entry of a docker configuration. */
export interface RegistryCredential {
  /** Registry with an optional path, without scheme; a `*` stands for one part of a host name. */
  readonly scope: string;
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
  /** The Secret it is from; absent: the node's own, which every pod may use. */
  readonly secret?: PullSecret;
}

/** One way to ask a registry, and whose it is. */
export interface ImageCredential {
  readonly auth: AuthConfig;
  readonly secret: PullSecret | undefined;
}

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function readAuth(scope: string, entry: DockerAuth): RegistryCredential {
  const [username = '', password = ''] =
    entry.auth === undefined
      ? [entry.username ?? '', entry.password ?? '']
      : Buffer.from(entry.auth, 'base64').toString().split(/:(.*)/s);
  return {
    scope: scope
      .replace(/^https?:\/\//, '')
      .replace(/^([^/]*)\/v[12](?=\/|$)/, '$1')
      .replace(/^([^/]*)\/$/, '$1'),
    username,
    password,
    identityToken: entry.identitytoken ?? '',
  };
}

/** The entries of a `.dockerconfigjson` (with `auths`) or of the older `.dockercfg`. Throws on text that is no JSON. */
export function parseDockerConfig(text: string): readonly RegistryCredential[] {
  const parsed: unknown = JSON.parse(text);
  const auths = isRecord(parsed) && isRecord(parsed.auths) ? parsed.auths : parsed;
  if (!isRecord(auths)) return [];
  return Object.entries(auths).flatMap(([scope, entry]) => (isRecord(entry) ? [readAuth(scope, entry)] : []));
}

const hostMatches = (pattern: string, host: string): boolean => {
  const [patternParts, hostParts] = [pattern.split('.'), host.split('.')];
  return (
    patternParts.length === hostParts.length &&
    patternParts.every((part, i) => {
      const source = part.replace(/[\\^$+?()|[\]{}]/g, '\\$&').replaceAll('*', '[^.:]*');
      return new RegExp(`^${source}$`).test(hostParts[i] ?? '');
    })
  );
};

const dockerHubNames = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

function matches({ scope }: RegistryCredential, { registry, repository }: ImageReference): boolean {
  const [host = '', ...path] = scope.split('/');
  const sameHost = hostMatches(host, registry) || (dockerHubNames.has(host) && dockerHubNames.has(registry));
  // As upstream's: the path is the beginning of a name, wherever that is cut.
  return sameHost && repository.startsWith(path.join('/'));
}

/** The credentials for an image, the most specific first. */
export function selectCredentials(
  all: readonly RegistryCredential[],
  image: ImageReference,
): readonly ImageCredential[] {
  return all
    .filter((credential) => matches(credential, image))
    .sort((a, b) => (a.scope === b.scope ? 0 : a.scope < b.scope ? 1 : -1))
    .map(({ username, password, identityToken, secret }) => ({
      auth: {
        username,
        password,
        auth: '',
        // containerd reads it as a URL, in which a bare host is none, and would then send nothing.
        serverAddress: '',
        identityToken,
        registryToken: '',
      },
      secret: secret && { ...secret, credentialHash: hashCredential({ username, password, identityToken }) },
    }));
}
