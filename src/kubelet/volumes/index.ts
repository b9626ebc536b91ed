import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '../../api/types.ts';
import { backoffMs } from '../../base/backoff.ts';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { MountedVolume, VolumeManager } from '../parts.ts';
import { podReference } from '../pod-facts.ts';
import { type SetUpOptions, setUpVolume } from './set-up.ts';

export { kernelMounts, type MountTable } from './mount-table.ts';

export interface VolumeManagerOptions extends SetUpOptions {
  readonly journal: Journal;
}

const retry = { firstMs: 500, factor: 2, maxMs: 122_000 };
/** How long a pod's start waits for its volumes before the sync fails and begins anew. */
const mountTimeoutMs = 123_000;

/** Sets up, refreshes and removes the volumes of pods. */
export function volumeManager(options: VolumeManagerOptions): VolumeManager {
  const { rootDir, clock, journal, mounts } = options;

  async function setUpPatiently(pod: Pod, volume: Volume, signal: AbortSignal): Promise<MountedVolume> {
    const deadline = clock.now() + mountTimeoutMs;
    const startedAt = clock.now();
    for (let tries = 0; ; tries += 1) {
      try {
        const mounted = await setUpVolume(pod, volume, options);
        journal.write({
          kind: 'volume.mounted',
          object: podReference(pod),
          volume: volume.name,
          ms: clock.now() - startedAt,
        });
        return mounted;
      } catch (error) {
        signal.throwIfAborted();
        journal.write({
          kind: 'volume.failed',
          object: podReference(pod),
          volume: volume.name,
          reason: messageOf(error),
        });
        const pause = backoffMs(retry, tries);
        if (clock.now() + pause > deadline) throw error;
        await clock.sleep(pause, signal);
      }
    }
  }

  return {
    async mount(pod, signal) {
      const volumes = pod.spec?.volumes ?? [];
      const results = await Promise.allSettled(volumes.map((volume) => setUpPatiently(pod, volume, signal)));
      const failed = volumes.filter((_volume, i) => results[i]?.status === 'rejected').map(({ name }) => name);
      if (failed.length > 0) {
        signal.throwIfAborted();
        throw new Error(
          `unmounted volumes=[${failed.join(' ')}], unattached volumes=[], failed to process volumes=[]: context deadline exceeded`,
        );
      }
      return new Map(
        volumes.flatMap((volume, i) => {
          const result = results[i];
          return result?.status === 'fulfilled' ? [[volume.name, result.value] as const] : [];
        }),
      );
    },
    async unmount(uid) {
      const folder = join(rootDir, 'pods', uid);
      const below = (await mounts.targets()).filter((target) => target.startsWith(`${folder}/`));
      for (const target of below.toReversed()) await mounts.unmount(target);
      // Whatever is still mounted is not the pod's to delete.
      const left = (await mounts.targets()).filter((target) => target.startsWith(`${folder}/`));
      if (left.length > 0)
        throw new Error(`cannot remove the volumes of pod ${uid}: still mounted: ${left.join(', ')}`);
      for (const part of ['volumes', 'volume-subpaths', 'volumeDevices'])
        await rm(join(folder, part), { recursive: true, force: true });
      journal.write({ kind: 'volume.unmounted', podUid: uid, mounts: below.length });
    },
    async podsOnDisk() {
      return readdir(join(rootDir, 'pods')).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      });
    },
  };
}
