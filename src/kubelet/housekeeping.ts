import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Allocations } from './allocation/index.ts';
import type { PodCache, PodCatalog, PodCgroups, VolumeManager } from './parts.ts';
import { systemErrorText } from './system-error-text.ts';
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

  const runs = (uid: string): boolean => {
    const seen = cache.get(uid);
    return (
      seen !== undefined &&
      (seen.containers.some(({ state }) => state === 'running') || seen.sandboxes.some(({ ready }) => ready))
    );
  };
  const inUse = (uid: string): boolean => {
    const phase = workers.phaseOf(uid);
    if (phase !== undefined && phase !== 'finished') return true;
    if (phase === undefined && catalog.byUid(uid) !== undefined) return true;
    return runs(uid);
  };
  /** A pod that has ended keeps its folder for as long as a source has it. */
  const isOrphan = (uid: string): boolean => catalog.byUid(uid) === undefined && !inUse(uid);

  async function guarded(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      journal.write({ kind: 'pod.cleanupFailed', what, error: messageOf(error) });
    }
  }

  async function removeFolders(): Promise<void> {
    const orphans = (await readdir(podsFolder).catch(() => [])).filter(isOrphan);
    const removed: string[] = [];
    const volumeErrors: string[] = [];
    const folderErrors: string[] = [];
    for (const uid of orphans) {
      try {
        await options.volumes.unmount(uid);
      } catch (error) {
        volumeErrors.push(orphanError(uid, 'remove the volumes dir', error));
        continue;
      }
      try {
        await rm(join(podsFolder, uid), { recursive: true, force: true });
        removed.push(uid);
      } catch (error) {
        folderErrors.push(orphanError(uid, 'remove the pod directory', error));
      }
    }
    journal.write({ kind: 'pod.orphanFolders', found: orphans.length, removed, volumeErrors, folderErrors });
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

function orphanError(uid: string, task: string, error: unknown): string {
  const reason = systemErrorText(error);
  const start = `orphaned pod ${JSON.stringify(uid)} found, but`;
  return reason.startsWith(start) ? reason : `${start} error occurred when trying to ${task}: ${reason}`;
}
