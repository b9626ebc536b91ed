import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';
import { entriesOf, folderUsage } from './folder-usage.ts';
import { type FileSystemUsage, readFileSystem } from './node-usage.ts';

/** One volume of a pod as it was last measured. */
export interface VolumeUsage {
  readonly name: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
  readonly fileSystem: FileSystemUsage;
  readonly measuredAt: Instant;
}

export interface ClaimRef {
  readonly name: string;
  readonly namespace: string;
}

/** Looking through folders takes long: what was measured is good for this long. */
const minute = (): number => 60_000;

/** The claim that a volume of the pod stands for, if any. */
export function claimOf(pod: Pod | undefined, volume: string): ClaimRef | undefined {
  const source = pod?.spec?.volumes?.find(({ name }) => name === volume);
  const name = source?.persistentVolumeClaim?.claimName ?? (source?.ephemeral && `${pod?.metadata?.name}-${volume}`);
  return name === undefined ? undefined : { name, namespace: pod?.metadata?.namespace ?? '' };
}

/** A volume with its own file system is as full as that; one that is a folder of the node's has what lies in it. */
async function measure(parent: string, name: string, now: Instant): Promise<VolumeUsage | undefined> {
  const path = join(parent, name);
  try {
    const [own, above, fileSystem] = await Promise.all([lstat(path), lstat(parent), readFileSystem(path)]);
    if (!own.isDirectory()) return undefined;
    const used =
      own.dev === above.dev
        ? await folderUsage(path)
        : {
            bytes: fileSystem.capacityBytes - fileSystem.availableBytes,
            inodes: fileSystem.inodes - fileSystem.inodesFree,
          };
    return { name, usedBytes: used.bytes, inodesUsed: used.inodes, fileSystem, measuredAt: now };
  } catch {
    // Unmounted meanwhile: it uses nothing.
    return undefined;
  }
}

/**
 * Measures the volumes of pods, by UID; figures that are fresh enough are not measured again. `freshMs` tells how long
 * they are, from how long it took to measure them.
 */
export function volumeUsages(
  rootDir: string,
  clock: Clock,
  freshMs: (tookMs: number) => number = minute,
): (uids: readonly string[]) => Promise<ReadonlyMap<string, readonly VolumeUsage[]>> {
  const measured = new Map<string, { readonly freshUntil: Instant; readonly volumes: readonly VolumeUsage[] }>();

  async function volumesOf(uid: string): Promise<readonly VolumeUsage[]> {
    const known = measured.get(uid);
    if (known !== undefined && clock.now() < known.freshUntil) return known.volumes;
    const startedAt = clock.now();
    const folder = join(rootDir, 'pods', uid, 'volumes');
    const volumes: VolumeUsage[] = [];
    for (const plugin of await entriesOf(folder)) {
      const parent = join(folder, plugin.name);
      for (const { name } of await entriesOf(parent)) {
        const usage = await measure(parent, name, clock.now());
        if (usage !== undefined) volumes.push(usage);
      }
    }
    measured.set(uid, { freshUntil: clock.now() + freshMs(clock.now() - startedAt), volumes });
    return volumes;
  }

  return async (uids) => {
    for (const uid of measured.keys()) if (!uids.includes(uid)) measured.delete(uid);
    return new Map(await Promise.all(uids.map(async (uid) => [uid, await volumesOf(uid)] as const)));
  };
}
