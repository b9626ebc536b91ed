/** The parts of an image's name that matter to a kubelet. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const repositoryPart = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPart = /^\w[\w.-]{0,127}$/;
const digestPart = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const registryPart = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;

const looksLikeRegistry = (part: string): boolean =>
  part.includes('.') || part.includes(':') || part === 'localhost' || part !== part.toLowerCase();

/** Reads an image's name; a sentence when it is none, in upstream's words. */
export function parseImageReference(image: string): ImageReference | string {
  const [beforeDigest = '', digest, ...more] = image.split('@');
  const lastSlash = beforeDigest.lastIndexOf('/');
  const colon = beforeDigest.indexOf(':', lastSlash + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon < 0 ? undefined : beforeDigest.slice(colon + 1);
  const parts = name.split('/');
  const hasRegistry = parts.length > 1 && looksLikeRegistry(parts[0] ?? '');
  const registry = hasRegistry ? (parts[0] ?? '') : 'docker.io';
  const path = hasRegistry ? parts.slice(1) : parts;
  const remote = hasRegistry ? parts.slice(1).join('/') : name.includes('/') ? name : `library/${name}`;
  if (remote !== remote.toLowerCase()) {
    return `invalid reference format: repository name (${remote}) must be lowercase`;
  }
  if (more.length > 0 || (digest !== undefined && !digestPart.test(digest))) return 'invalid reference format';
  if (!registryPart.test(registry) || (tag !== undefined && !tagPart.test(tag))) return 'invalid reference format';
  if (!path.every((part) => repositoryPart.test(part))) return 'invalid reference format';
  const repository = registry === 'docker.io' && path.length === 1 ? `library/${path[0]}` : path.join('/');
  return { registry, repository, tag, digest };
}

/** The image's name as it was given, without tag and digest. */
export const withoutTag = (image: string, { tag, digest }: ImageReference): string =>
  image.slice(
    0,
    image.length - (digest === undefined ? 0 : digest.length + 1) - (tag === undefined ? 0 : tag.length + 1),
  );

/** The image's name with `:latest` where it has neither tag nor digest. */
export const withDefaultTag = (image: string, { tag, digest }: ImageReference): string =>
  tag === undefined && digest === undefined ? `${image}:latest` : image;
