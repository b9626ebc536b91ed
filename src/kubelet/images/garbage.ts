import type { Instant } from '../../base/clock.ts';

/** An image that nobody has pinned, and what is known of its use. */
export interface ImageRecord {
  readonly id: string;
  readonly sizeBytes: number;
  readonly pinned: boolean;
  readonly used: boolean;
  /** When this kubelet saw it first. */
  readonly detectedAt: Instant;
  /** When this kubelet last saw it in use; 0: never. */
  readonly usedAt: Instant;
}

/** What the runtime says of one image. */
export interface ListedImage {
  readonly id: string;
  readonly sizeBytes: number;
  readonly pinned: boolean;
}

export type ImageRecords = ReadonlyMap<string, ImageRecord>;

/** Brings the records up to date: new images are known from now on, those in use are used now, those gone are forgotten. */
export function updateRecords(
  before: ImageRecords,
  images: readonly ListedImage[],
  inUse: ReadonlySet<string>,
  now: Instant,
): ImageRecords {
  return new Map(
    images.map((image) => {
      const known = before.get(image.id);
      const used = inUse.has(image.id);
      const record: ImageRecord = {
        ...image,
        used,
        detectedAt: known?.detectedAt ?? now,
        usedAt: used ? now : (known?.usedAt ?? 0),
      };
      return [image.id, record];
    }),
  );
}

export interface ImagePolicy {
  readonly highPercent: number;
  readonly lowPercent: number;
  readonly minAgeMs: number;
  /** 0: images are not removed for their age. */
  readonly maxAgeMs: number;
}

/** Unused images, those longest out of use first. */
export const removable = (records: ImageRecords): readonly ImageRecord[] =>
  [...records.values()]
    .filter(({ used, pinned }) => !used && !pinned)
    .sort((a, b) => a.usedAt - b.usedAt || a.detectedAt - b.detectedAt);

/** Images that were out of use for longer than the policy allows, once the kubelet has watched for that long. */
export function findOld(
  records: ImageRecords,
  { maxAgeMs }: Pick<ImagePolicy, 'maxAgeMs'>,
  { now, watchedSince }: { readonly now: Instant; readonly watchedSince: Instant },
): readonly ImageRecord[] {
  if (maxAgeMs === 0 || now - watchedSince <= maxAgeMs) return [];
  return removable(records).filter(({ usedAt }) => now - usedAt > maxAgeMs);
}

/** How many bytes are to be freed so that the file system is as full as the lower threshold says; 0: it is not too full. */
export function bytesToFree(
  { capacityBytes, availableBytes }: { readonly capacityBytes: number; readonly availableBytes: number },
  { highPercent, lowPercent }: Pick<ImagePolicy, 'highPercent' | 'lowPercent'>,
): number {
  const available = Math.min(availableBytes, capacityBytes);
  if (usedPercent({ capacityBytes, availableBytes: available }) < highPercent) return 0;
  return Math.max(0, Math.floor((capacityBytes * (100 - lowPercent)) / 100) - available);
}

export const usedPercent = (disk: { readonly capacityBytes: number; readonly availableBytes: number }): number =>
  100 - Math.floor((disk.availableBytes * 100) / disk.capacityBytes);

/** A young image may be about to be used by the container it was pulled for. */
export const oldEnough = (records: readonly ImageRecord[], minAgeMs: number, now: Instant): readonly ImageRecord[] =>
  records.filter(({ detectedAt }) => now - detectedAt >= minAgeMs);

/** Bytes for people: `10.5 GiB`. */
export function renderSize(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}
