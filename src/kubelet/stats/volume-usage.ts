import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
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

/** What is known of volumes beyond their folders. */
export interface VolumeFacts {
  /** The pod's volumes as they are mounted, by the pod's names for them. */
  readonly mountedOf: (uid: string) => ReadonlyMap<string, { readonly hostPath: string }>;
  /** How full the volume of a storage driver is that has this folder; undefined when the driver does not tell. */
  readonly drivenUsage?:
    | ((folder: string) => Promise<Pick<VolumeUsage, 'usedBytes' | 'inodesUsed' | 'fileSystem'> | undefined>)
    | undefined;
}

const drivenPlugin = 'kubernetes.io~csi';

/** The pod's name for the volume in a folder: a claim's folder bears the name of its volume instead. */
export function volumeNameOf(folder: string, mounted: ReadonlyMap<string, { readonly hostPath: string }>): string {
  for (const [name, { hostPath }] of mounted) if (`${hostPath}/`.startsWith(`${folder}/`)) return name;
  return basename(folder);
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
 * they are, from how long it took to measure them. With `facts`, storage drivers are asked about theirs, and whoever
 * cannot tell is left out.
 */
export function volumeUsages(
  rootDir: string,
  clock: Clock,
  freshMs: (tookMs: number) => number = minute,
  facts?: VolumeFacts,
): (uids: readonly string[]) => Promise<ReadonlyMap<string, readonly VolumeUsage[]>> {
  const measured = new Map<string, { readonly freshUntil: Instant; readonly volumes: readonly VolumeUsage[] }>();

  async function volumesOf(uid: string): Promise<readonly VolumeUsage[]> {
    const known = measured.get(uid);
    if (known !== undefined && clock.now() < known.freshUntil) return known.volumes;
    const startedAt = clock.now();
    const given = join(rootDir, 'pods', uid, 'volumes');
    // Where volumes are mounted is known by real paths only.
    const folder = facts === undefined ? given : await realpath(given).catch(() => given);
    const mounted = facts?.mountedOf(uid) ?? new Map<string, never>();
    const volumes: VolumeUsage[] = [];
    for (const plugin of await entriesOf(folder)) {
      const parent = join(folder, plugin.name);
      for (const { name } of await entriesOf(parent)) {
        const place = join(parent, name);
        const asked = plugin.name === drivenPlugin ? facts?.drivenUsage : undefined;
        const usage =
          asked === undefined ? await measure(parent, name, clock.now()) : await asked(place).catch(() => undefined);
        if (usage !== undefined)
          volumes.push({ ...usage, name: volumeNameOf(place, mounted), measuredAt: clock.now() });
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
