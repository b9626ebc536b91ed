import type { Clock, Instant } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriImages, CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import { readFileSystem } from '../stats/index.ts';
import {
  bytesToFree,
  findOld,
  type ImagePolicy,
  type ImageRecord,
  type ImageRecords,
  oldEnough,
  removable,
  renderSize,
  updateRecords,
  usedPercent,
} from './garbage.ts';

export interface ImageCollectorOptions {
  readonly images: Pick<CriImages, 'listImages' | 'removeImage' | 'imageFsInfo'>;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
  readonly policy: ImagePolicy;
  readonly containers: Pick<CriRuntime, 'listContainers' | 'containerStatus'>;
  /** Told which images (by ID) there were at a moment. */
  readonly onListed?: ((imageIds: ReadonlySet<string>, at: Instant) => Promise<void>) | undefined;
  /** Size of the file system that a folder lies on, and what is left of it; tests have their own. */
  readonly diskOf?: (folder: string) => Promise<{ readonly capacityBytes: number; readonly availableBytes: number }>;
}

export interface ImageCollector {
  run(signal: AbortSignal): Promise<void>;
  /** Removes every unused image that is old enough. */
  removeUnused(): Promise<void>;
}

const everyMs = 5 * 60_000;

/** Removes images that nobody uses: those out of use for too long, and as many as it takes when the disk is too full. */
export function imageCollector(options: ImageCollectorOptions): ImageCollector {
  const { images, clock, journal, policy, nodeName: node } = options;
  const measure = options.diskOf ?? readFileSystem;
  const watchedSince = clock.now();
  let records: ImageRecords = new Map();

  /** Images that containers were made from, dead ones too, and those that they mount as volumes. */
  async function namesInUse(): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    for (const { id, imageId, imageRef } of await options.containers.listContainers()) {
      // Older runtimes tell the image's ID as its reference.
      names.add(imageId || imageRef);
      const { status } = await options.containers.containerStatus(id, false);
      for (const { image } of status?.mounts ?? []) if (image !== undefined) names.add(image.image);
    }
    return names;
  }

  async function look(): Promise<void> {
    const listedAt = clock.now();
    const listed = await images.listImages();
    await options.onListed?.(new Set(listed.map(({ id }) => id)), listedAt);
    const names = await namesInUse();
    const used = listed.filter(
      ({ id, repoTags, repoDigests }) => names.has(id) || [...repoTags, ...repoDigests].some((name) => names.has(name)),
    );
    records = updateRecords(
      records,
      listed.map(({ id, size, pinned }) => ({ id, sizeBytes: Number(size), pinned })),
      new Set(used.map(({ id }) => id)),
      clock.now(),
    );
  }

  /** Removes images in this order until so much is free. Rejects when some could not be removed. */
  async function remove(
    candidates: readonly ImageRecord[],
    reason: 'age' | 'space',
    bytes = Number.POSITIVE_INFINITY,
  ): Promise<number> {
    let freed = 0;
    const problems: string[] = [];
    for (const { id, sizeBytes } of candidates) {
      if (freed >= bytes) break;
      try {
        await images.removeImage({ image: id });
        records = new Map([...records].filter(([known]) => known !== id));
        freed += sizeBytes;
        journal.write({ kind: 'imageGarbage.removed', image: id, sizeBytes, reason });
      } catch (error) {
        problems.push(messageOf(error));
      }
    }
    if (problems.length > 0) throw new Error(`freed ${freed} bytes, errors in image deletion: ${problems.join('; ')}`);
    return freed;
  }

  async function collect(): Promise<void> {
    await look();
    await remove(findOld(records, policy, { now: clock.now(), watchedSince }), 'age');
    const { images: fileSystems } = await images.imageFsInfo();
    const disk = await measure(fileSystems[0]?.fsId?.mountpoint ?? '/');
    if (disk.capacityBytes === 0) {
      const message = 'invalid capacity 0 on image filesystem';
      journal.write({ kind: 'imageGarbage.noCapacity', node, message });
      throw new Error(message);
    }
    const wanted = bytesToFree(disk, policy);
    if (wanted === 0) return;
    const percent = usedPercent(disk);
    journal.write({ kind: 'imageGarbage.diskTooFull', percent, highPercent: policy.highPercent, bytes: wanted });
    const freed = await remove(oldEnough(removable(records), policy.minAgeMs, clock.now()), 'space', wanted);
    if (freed >= wanted) return;
    const message = `Insufficient free disk space on the node's image filesystem (${percent}% of ${renderSize(disk.capacityBytes)} used). Failed to free sufficient space by deleting unused images (freed ${freed} bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.`;
    journal.write({ kind: 'imageGarbage.tooLittleFreed', node, message });
    throw new Error(message);
  }

  return {
    async removeUnused() {
      await look();
      await remove(oldEnough(removable(records), policy.minAgeMs, clock.now()), 'space');
    },
    async run(signal) {
      if (policy.highPercent === 100 && policy.maxAgeMs === 0) return;
      let failedBefore = false;
      while (!signal.aborted) {
        try {
          await collect();
          failedBefore = false;
        } catch (error) {
          // Once may be the time right after the start, when not everything is known yet.
          journal.write({ kind: 'imageGarbage.failed', node, error: messageOf(error), again: failedBefore });
          failedBefore = true;
        }
        await clock.sleep(everyMs, signal).catch(() => undefined);
      }
    },
  };
}
