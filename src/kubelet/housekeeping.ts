import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Allocations } from './allocation/index.ts';
import type { PodCache, PodCatalog, PodCgroups, VolumeManager } from './parts.ts';
import type { PodWorkers } from './workers/index.ts';

export interface HousekeepingOptions {
  readonly journal: Journal;
  readonly rootDir: string;
  readonly catalog: Pick<PodCatalog, 'byUid'>;
  readonly workers: Pick<PodWorkers, 'uids' | 'phaseOf'>;
  readonly cache: Pick<PodCache, 'all' | 'get'>;
  readonly volumes: Pick<VolumeManager, 'unmount'>;
  readonly cgroups: Pick<PodCgroups, 'removeOrphans'>;
  readonly allocations: Pick<Allocations, 'keepOnly'>;
  /** Devices of pods that are through are free again. */
  readonly releaseDevices: () => void;
  /** Removes mirror pods whose static pod is gone and stopped. */
  readonly removeOrphanMirrors: () => Promise<void>;
}

/** Cgroups lie in a dozen hierarchies, a folder a pod in each: they are looked through in every fifth round only. */
const cgroupsEvery = 5;

/** Removes what pods left behind: folders, volumes, cgroups, mirrors. Never rejects. */
export function podHousekeeping(options: HousekeepingOptions): () => Promise<void> {
  const { journal, rootDir, catalog, workers, cache } = options;
  const podsFolder = join(rootDir, 'pods');

  const inUse = (uid: string): boolean => {
    const phase = workers.phaseOf(uid);
    if (phase !== undefined && phase !== 'finished') return true;
    if (phase === undefined && catalog.byUid(uid) !== undefined) return true;
    return cache.get(uid)?.containers.some(({ state }) => state === 'running') ?? false;
  };

  async function guarded(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      journal.write({ kind: 'pod.cleanupFailed', what, error: messageOf(error) });
    }
  }

  async function removeFolders(): Promise<void> {
    const uids = await readdir(podsFolder).catch(() => []);
    for (const uid of uids.filter((name) => !inUse(name))) {
      await guarded(`pod folder of ${uid}`, async () => {
        await options.volumes.unmount(uid);
        await rm(join(podsFolder, uid), { recursive: true, force: true });
      });
    }
  }

  let round = 0;
  return async () => {
    await removeFolders();
    options.releaseDevices();
    round += 1;
    // Pods that go later are forgotten by their workers: only those of an earlier run can be left over.
    if (round === 1) options.allocations.keepOnly((uid) => catalog.byUid(uid) !== undefined || inUse(uid));
    if (round % cgroupsEvery === 1)
      await guarded('cgroups', async () => {
        const keep = new Set([...workers.uids(), ...cache.all().map(({ uid }) => uid)].filter(inUse));
        await options.cgroups.removeOrphans(keep);
      });
    await guarded('mirror pods', options.removeOrphanMirrors);
  };
}
