import { createHash } from 'node:crypto';
import * as z from 'zod';

/** A Secret that an image was once pulled with, and what it then held. */
const secretSchema = z.object({
  uid: z.string(),
  namespace: z.string(),
  name: z.string(),
  credentialHash: z.string().default(''),
});
export type PullSecret = Readonly<z.infer<typeof secretSchema>>;

/** Who may use an image without asking its registry again. */
const credentialsSchema = z.object({
  kubernetesSecrets: z.array(secretSchema).optional(),
  nodePodsAccessible: z.boolean().optional(),
});
export type PullCredentials = Readonly<z.infer<typeof credentialsSchema>>;

const recordSchema = z.object({
  kind: z.literal('ImagePulledRecord'),
  lastUpdatedTime: z.string(),
  imageRef: z.string(),
  credentialMapping: z.record(z.string(), credentialsSchema).nullish(),
});

/** That the kubelet pulled an image, and with what, by the name that was asked for. */
export interface PulledRecord {
  readonly imageRef: string;
  readonly updatedAt: string;
  /** Image name without tag and digest → credentials. */
  readonly credentials: Readonly<Record<string, PullCredentials>>;
}

const apiVersion = 'kubelet.config.k8s.io/v1beta1';
const intentSchema = z.object({ kind: z.literal('ImagePullIntent'), image: z.string() });

/** `sha256-…`: the file for an image's name or reference. */
export const recordFileName = (image: string): string => `sha256-${createHash('sha256').update(image).digest('hex')}`;

export const renderIntent = (image: string): string =>
  `${JSON.stringify({ kind: 'ImagePullIntent', apiVersion, image })}\n`;

/** The image that a pull was begun of. Throws when the text says no such thing. */
export const parseIntent = (text: string): string => intentSchema.parse(JSON.parse(text)).image;

export const renderRecord = ({ imageRef, updatedAt, credentials }: PulledRecord): string =>
  `${JSON.stringify({ kind: 'ImagePulledRecord', apiVersion, lastUpdatedTime: updatedAt, imageRef, credentialMapping: credentials })}\n`;

/** Throws when the text is no record. */
export function parseRecord(text: string): PulledRecord {
  const { imageRef, lastUpdatedTime, credentialMapping } = recordSchema.parse(JSON.parse(text));
  return { imageRef, updatedAt: lastUpdatedTime, credentials: credentialMapping ?? {} };
}

/** A secret's credentials, told apart without being told. */
export const hashCredential = (credential: object): string =>
  createHash('sha256').update(JSON.stringify(credential)).digest('hex');

const isSame = (one: PullSecret, other: PullSecret): boolean =>
  one.uid === other.uid && one.namespace === other.namespace && one.name === other.name;

const inOrder = (one: PullSecret, other: PullSecret): number =>
  one.namespace.localeCompare(other.namespace) ||
  one.name.localeCompare(other.name) ||
  one.uid.localeCompare(other.uid);

/** What is known after a pull with `added`: anyone's, once it was; else all secrets, each with its newest content. */
export function mergeCredentials(known: PullCredentials | undefined, added: PullCredentials): PullCredentials {
  if (known?.nodePodsAccessible === true || added.nodePodsAccessible === true) return { nodePodsAccessible: true };
  const fresh = added.kubernetesSecrets ?? [];
  const kept = (known?.kubernetesSecrets ?? []).filter((secret) => !fresh.some((other) => isSame(secret, other)));
  return { kubernetesSecrets: [...kept, ...fresh].sort(inOrder) };
}

/** Whether a pod may use an image that is there, and which of its secrets shows that it may. */
export type ImageAccess =
  /** Nobody needs to show anything. */
  | { readonly kind: 'allowed'; readonly because: string }
  | { readonly kind: 'granted'; readonly because: string; readonly by?: PullSecret }
  | { readonly kind: 'pull'; readonly because: string };

/** Decides whether the pod's secrets open an image that was pulled as `credentials` say. */
export function decideImageAccess(
  credentials: PullCredentials | undefined,
  secrets: readonly PullSecret[],
): ImageAccess {
  if (credentials === undefined) return { kind: 'pull', because: 'it was not pulled by this name' };
  if (credentials.nodePodsAccessible === true) return { kind: 'granted', because: 'anyone on this node may use it' };
  const known = credentials.kubernetesSecrets ?? [];
  const by = secrets.find((secret) =>
    known.some(
      (other) =>
        isSame(secret, other) || (secret.credentialHash !== '' && secret.credentialHash === other.credentialHash),
    ),
  );
  if (by === undefined) return { kind: 'pull', because: 'it was pulled with a secret that the pod does not have' };
  return { kind: 'granted', because: `it was pulled with the secret ${by.namespace}/${by.name}`, by };
}

/** Values of imagePullCredentialsVerificationPolicy, and the images that it leaves out. */
export interface VerificationPolicy {
  readonly kind: string;
  /** Names without tag, or prefixes that end in `/*`. */
  readonly allowed: readonly string[];
}

const isAllowed = (pattern: string, image: string): boolean =>
  pattern.endsWith('/*') ? image.startsWith(pattern.slice(0, -1)) : image === pattern;

/** Whether a pod must show that it may use an image that is there. `image` is without tag and digest. */
export function needsVerification(policy: VerificationPolicy, image: string, pulledByKubelet: boolean): boolean {
  switch (policy.kind) {
    case 'NeverVerify':
      return false;
    case 'NeverVerifyPreloadedImages':
      return pulledByKubelet;
    case 'NeverVerifyAllowlistedImages':
      return !policy.allowed.some((pattern) => isAllowed(pattern, image));
    default:
      return true;
  }
}
