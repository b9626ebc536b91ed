import type { ObjectReference } from '../../api/types.ts';
import type { Projections } from '../projection.ts';
import { failure, info, normalEvent, warningEvent } from '../projection.ts';

/** What the kubelet does about images. `object` is the container (or pod) that asked. */
export type ImageRecord =
  | { readonly kind: 'image.pulling'; readonly object: ObjectReference; readonly image: string }
  | {
      readonly kind: 'image.pulled';
      readonly object: ObjectReference;
      readonly image: string;
      readonly ms: number;
      readonly withWaitingMs: number;
      readonly sizeBytes: number;
    }
  | { readonly kind: 'image.present'; readonly object: ObjectReference; readonly image: string }
  /** An image is there; whether the pod may use it as it is. */
  | {
      readonly kind: 'image.access';
      readonly pod: string;
      readonly image: string;
      readonly access: 'allowed' | 'granted' | 'pull';
      readonly because: string;
    }
  | { readonly kind: 'image.recordFailed'; readonly image: string; readonly error: string }
  | {
      readonly kind: 'image.pullFailed';
      readonly object: ObjectReference;
      readonly image: string;
      readonly error: string;
    }
  | { readonly kind: 'image.backOff'; readonly object: ObjectReference; readonly image: string }
  | { readonly kind: 'image.neverPulled'; readonly object: ObjectReference; readonly message: string }
  | { readonly kind: 'image.inspectFailed'; readonly object: ObjectReference; readonly message: string }
  | { readonly kind: 'image.secretsMissing'; readonly object: ObjectReference; readonly names: readonly string[] };

const podOf = ({ namespace, name }: ObjectReference): string => `${namespace}/${name}`;

/** Milliseconds as Go prints a duration: `812ms`, `1.2s`, `1m3.4s`. */
const duration = (ms: number): string => {
  if (ms === 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${(ms % 60_000) / 1000}s`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
};

const sizeBucket = (bytes: number): string => {
  const limits: readonly (readonly [number, string])[] = [
    [0, 'N/A'],
    [10 * 2 ** 20, '0-10MB'],
    [100 * 2 ** 20, '10MB-100MB'],
    [500 * 2 ** 20, '100MB-500MB'],
    [2 ** 30, '500MB-1GB'],
    [5 * 2 ** 30, '1GB-5GB'],
    [10 * 2 ** 30, '5GB-10GB'],
    [20 * 2 ** 30, '10GB-20GB'],
    [30 * 2 ** 30, '20GB-30GB'],
    [40 * 2 ** 30, '30GB-40GB'],
    [60 * 2 ** 30, '40GB-60GB'],
    [100 * 2 ** 30, '60GB-100GB'],
  ];
  return limits.find(([limit]) => bytes <= limit)?.[1] ?? 'GT100GB';
};

const accessResults = {
  allowed: 'credentialPolicyAllowed',
  granted: 'credentialRecordFound',
  pull: 'mustAuthenticate',
} as const;

export const imageProjections: Projections<ImageRecord> = {
  'image.pulling': { event: ({ object, image }) => normalEvent(object, 'Pulling', `Pulling image "${image}"`) },
  'image.pulled': {
    event: ({ object, image, ms, withWaitingMs, sizeBytes }) =>
      normalEvent(
        object,
        'Pulled',
        `Successfully pulled image "${image}" in ${duration(ms)} (${duration(withWaitingMs)} including waiting). Image size: ${sizeBytes} bytes.`,
      ),
    measure: ({ withWaitingMs, sizeBytes }, meters) =>
      meters.observe('kubelet_image_pull_duration_seconds', withWaitingMs / 1000, {
        image_size_in_bytes: sizeBucket(sizeBytes),
      }),
  },
  'image.present': {
    event: ({ object, image }) =>
      normalEvent(
        object,
        'Pulled',
        `Container image "${image}" already present on machine and can be accessed by the pod`,
      ),
  },
  'image.access': {
    log: ({ pod, image, access, because }) => info(4, 'Image is present', { pod, image, access, because }),
    measure: ({ access }, meters) =>
      meters.count('kubelet_imagemanager_image_mustpull_checks_total', { result: accessResults[access] }),
  },
  'image.recordFailed': {
    log: ({ image, error }) => failure('Failed to write image pulled record', { image, err: error }),
  },
  'image.pullFailed': {
    log: ({ object, image, error }) => failure('Failed to pull image', { err: error, image, pod: podOf(object) }),
    event: ({ object, image, error }) => warningEvent(object, 'Failed', `Failed to pull image "${image}": ${error}`),
  },
  'image.backOff': {
    log: ({ object, image }) => info(3, 'Back-off pulling image', { image, pod: podOf(object) }),
    event: ({ object, image }) => normalEvent(object, 'BackOff', `Back-off pulling image "${image}"`),
  },
  'image.neverPulled': { event: ({ object, message }) => warningEvent(object, 'ErrImageNeverPull', message) },
  'image.inspectFailed': { event: ({ object, message }) => warningEvent(object, 'InspectFailed', message) },
  'image.secretsMissing': {
    log: ({ object, names }) => info(0, 'Unable to retrieve pull secrets', { pod: podOf(object), secrets: names }),
    event: ({ object, names }) =>
      warningEvent(
        object,
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`,
      ),
  },
};
