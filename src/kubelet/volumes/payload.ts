import { isNotFound } from '../../api/errors.ts';
import type { Pod, Volume } from '../../api/types.ts';
import { messageOf } from '../../base/errors.ts';
import { computeField, computeResourceField, type ResourceDefaults } from '../containers/downward.ts';
import type { PodCertificates, TrustAnchors } from '../objects/index.ts';
import type { PodObjects } from '../parts.ts';
import { listContainers } from '../pod-facts.ts';

/** One file of a volume made from objects. */
export interface PayloadFile {
  readonly data: Uint8Array;
  readonly mode: number;
  /** Who owns it; absent: root. */
  readonly uid?: number;
}

/** Relative path → file. */
export type Payload = ReadonlyMap<string, PayloadFile>;

/** Something the volume needs is not as its spec says. */
export class PayloadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PayloadError';
  }
}

export interface KeyToPath {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

const defaultFileMode = 0o644;

const missingKey = {
  configmap: 'configmap references non-existent config key',
  secret: 'references non-existent secret key',
} as const;

/** Picks what `items` names, or everything. `what` is for the message. */
export function projectKeys(
  data: Readonly<Record<string, Uint8Array>>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
  what: keyof typeof missingKey,
): Payload {
  if (items === undefined || items.length === 0) {
    return new Map(Object.entries(data).map(([key, value]) => [key, { data: value, mode }]));
  }
  const files = new Map<string, PayloadFile>();
  for (const item of items) {
    const value = data[item.key];
    if (value === undefined) {
      if (optional) continue;
      throw new PayloadError(`${missingKey[what]}: ${item.key}`);
    }
    files.set(item.path, { data: value, mode: item.mode ?? mode });
  }
  return files;
}

export interface PayloadInputs {
  readonly objects: Pick<PodObjects, 'secret' | 'configMap' | 'token'> | undefined;
  readonly trustAnchors: Pick<TrustAnchors, 'read'> | undefined;
  readonly podCertificates: Pick<PodCertificates, 'read'> | undefined;
  readonly hostIps: () => readonly string[];
  readonly resourceDefaults: () => ResourceDefaults;
}

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function need<T>(objects: T | undefined): T {
  if (objects === undefined) throw new PayloadError('this kubelet has no API server to read it from');
  return objects;
}

async function orEmpty<T>(read: Promise<T>, optional: boolean | undefined, empty: T): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (optional === true && isNotFound(error)) return empty;
    throw error;
  }
}

async function configMapPayload(
  pod: Pod,
  source: { readonly name?: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean },
  mode: number,
  { objects }: PayloadInputs,
): Promise<Payload> {
  const namespace = pod.metadata?.namespace ?? '';
  const map = await orEmpty(need(objects).configMap(namespace, source.name ?? ''), source.optional, {
    data: {},
    binaryData: {},
  });
  const text = Object.fromEntries(Object.entries(map.data).map(([key, value]) => [key, utf8(value)]));
  return projectKeys({ ...text, ...map.binaryData }, source.items, mode, source.optional === true, 'configmap');
}

async function secretPayload(
  pod: Pod,
  source: { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean },
  mode: number,
  { objects }: PayloadInputs,
): Promise<Payload> {
  const secret = await orEmpty(need(objects).secret(pod.metadata?.namespace ?? '', source.name), source.optional, {
    data: {},
    type: '',
  });
  return projectKeys(secret.data, source.items, mode, source.optional === true, 'secret');
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

function downwardPayload(
  pod: Pod,
  items: readonly DownwardItem[] | undefined,
  mode: number,
  inputs: PayloadInputs,
): Payload {
  return new Map(
    (items ?? []).map((item) => {
      const value =
        item.fieldRef !== undefined
          ? computeField(pod, item.fieldRef.fieldPath, { hostIps: inputs.hostIps(), podIps: [] })
          : computeResourceField(pod, item.resourceFieldRef, inputs.resourceDefaults());
      return [item.path, { data: utf8(value), mode: item.mode ?? mode }];
    }),
  );
}

/** The one user that all containers of the pod run as; undefined when they differ or the image decides. */
export function computeFileUser(pod: Pod): number | undefined {
  const users = new Set(
    listContainers(pod).map(
      ({ container }) => container.securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser,
    ),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

/** Credentials are for whoever runs the containers; everyone may read them only where that is not known. */
function credentialFile(pod: Pod, content: string, defaultMode: number): PayloadFile {
  const uid = computeFileUser(pod);
  const isPrivate = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  return { data: utf8(content), mode: isPrivate ? 0o600 : defaultMode, ...(uid === undefined ? {} : { uid }) };
}

const defaultTokenSeconds = 3600;

/** The files of a configMap, secret, downwardAPI or projected volume. Rejects with a PayloadError or an ApiError. */
export async function computePayload(pod: Pod, volume: Volume, inputs: PayloadInputs): Promise<Payload> {
  if (volume.configMap !== undefined) {
    return configMapPayload(pod, volume.configMap, volume.configMap.defaultMode ?? defaultFileMode, inputs);
  }
  if (volume.secret !== undefined) {
    const { secretName = '', ...rest } = volume.secret;
    return secretPayload(pod, { name: secretName, ...rest }, volume.secret.defaultMode ?? defaultFileMode, inputs);
  }
  if (volume.downwardAPI !== undefined) {
    return downwardPayload(pod, volume.downwardAPI.items, volume.downwardAPI.defaultMode ?? defaultFileMode, inputs);
  }
  const mode = volume.projected?.defaultMode ?? defaultFileMode;
  const parts = await Promise.allSettled(
    (volume.projected?.sources ?? []).map((source, index) =>
      sourcePayload(pod, source, `${volume.name}/${index}`, mode, inputs),
    ),
  );
  const problems = new Set(parts.flatMap((part) => (part.status === 'rejected' ? [messageOf(part.reason)] : [])));
  if (problems.size > 0) {
    const [only = ''] = problems;
    throw new PayloadError(problems.size === 1 ? only : `[${[...problems].join(', ')}]`);
  }
  return new Map(parts.flatMap((part) => (part.status === 'fulfilled' ? [...part.value] : [])));
}

type ProjectedSource = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

async function certificatePayload(
  pod: Pod,
  source: NonNullable<ProjectedSource['podCertificate']>,
  place: string,
  mode: number,
  { podCertificates }: PayloadInputs,
): Promise<Payload> {
  if (podCertificates === undefined) throw new PayloadError('this kubelet asks for no certificates for pods');
  const { keyPem, chainPem } = await podCertificates.read(pod, place, source);
  const files = [
    [source.credentialBundlePath, keyPem + chainPem],
    [source.keyPath, keyPem],
    [source.certificateChainPath, chainPem],
  ] as const;
  return new Map(files.flatMap(([path, text]) => (path ? [[path, credentialFile(pod, text, mode)] as const] : [])));
}

/** One source of a projected volume, in this place of the pod; where two name the same path, the later one wins. */
async function sourcePayload(
  pod: Pod,
  source: ProjectedSource,
  place: string,
  mode: number,
  inputs: PayloadInputs,
): Promise<Payload> {
  if (source.podCertificate !== undefined) return certificatePayload(pod, source.podCertificate, place, mode, inputs);
  if (source.configMap !== undefined) return configMapPayload(pod, source.configMap, mode, inputs);
  if (source.secret !== undefined)
    return secretPayload(pod, { ...source.secret, name: source.secret.name ?? '' }, mode, inputs);
  if (source.downwardAPI !== undefined) return downwardPayload(pod, source.downwardAPI.items, mode, inputs);
  if (source.serviceAccountToken !== undefined) {
    const { audience, expirationSeconds = defaultTokenSeconds, path } = source.serviceAccountToken;
    const token = await need(inputs.objects).token(pod, audience ? [audience] : [], expirationSeconds);
    return new Map([[path, credentialFile(pod, token, mode)]]);
  }
  if (source.clusterTrustBundle !== undefined) {
    if (inputs.trustAnchors === undefined)
      throw new PayloadError('ClusterTrustBundle projection is not supported in static kubelet mode');
    const anchors = await inputs.trustAnchors.read(source.clusterTrustBundle);
    return new Map([[source.clusterTrustBundle.path, credentialFile(pod, anchors, mode)]]);
  }
  throw new PayloadError(`projected source ${Object.keys(source).join(', ')} is not supported by this kubelet`);
}
