import { failure, info, type Projections, warningEvent } from '../projection.ts';

/** What the kubelet tells of images that nobody uses. */
export type ImageGarbageRecord =
  | {
      readonly kind: 'imageGarbage.removed';
      readonly image: string;
      readonly sizeBytes: number;
      readonly reason: 'age' | 'space';
    }
  | {
      readonly kind: 'imageGarbage.diskTooFull';
      readonly percent: number;
      readonly highPercent: number;
      readonly bytes: number;
    }
  | { readonly kind: 'imageGarbage.tooLittleFreed'; readonly node: string; readonly message: string }
  | { readonly kind: 'imageGarbage.noCapacity'; readonly node: string; readonly message: string }
  | {
      readonly kind: 'imageGarbage.failed';
      readonly node: string;
      readonly error: string;
      readonly again: boolean;
    };

const event = (node: string, reason: string, message: string) =>
  warningEvent({ apiVersion: 'v1', kind: 'Node', name: node }, reason, message);

export const imageGarbageProjections: Projections<ImageGarbageRecord> = {
  'imageGarbage.removed': {
    log: ({ image, sizeBytes, reason }) =>
      info(0, 'Removing image to free bytes', { imageID: image, size: sizeBytes, reason }),
    measure: ({ reason }, meters) => meters.count('kubelet_image_garbage_collected_total', { reason }),
  },
  'imageGarbage.diskTooFull': {
    log: ({ percent, highPercent, bytes }) =>
      info(
        0,
        'Disk usage on image filesystem is over the high threshold, trying to free bytes down to the low threshold',
        { usage: percent, highThreshold: highPercent, amountToFree: bytes },
      ),
  },
  'imageGarbage.tooLittleFreed': { event: ({ node, message }) => event(node, 'FreeDiskSpaceFailed', message) },
  'imageGarbage.noCapacity': { event: ({ node, message }) => event(node, 'InvalidDiskCapacity', message) },
  'imageGarbage.failed': {
    log: ({ error, again }) =>
      failure(
        again ? 'Image garbage collection failed multiple times in a row' : 'Image garbage collection failed once',
        { err: error },
      ),
    event: ({ node, error, again }) => (again ? event(node, 'ImageGCFailed', error) : undefined),
  },
};
