import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { PodCache } from '../parts.ts';
import { folderUsage } from './folder-usage.ts';
import { volumeUsages } from './volume-usage.ts';

/** What one container of a pod uses at the moment. */
export interface ContainerUsage {
  readonly name: string;
  readonly memoryBytes: number;
  /** Its writable layer. */
  readonly layerBytes: number;
  readonly layerInodes: number;
  readonly logBytes: number;
  readonly logInodes: number;
}

/** What a pod uses at the moment. */
export interface PodUsage {
  readonly memoryBytes: number;
  readonly processes: number;
  readonly containers: readonly ContainerUsage[];
  readonly volumes: readonly { readonly name: string; readonly bytes: number; readonly inodes: number }[];
}

export interface PodUsageOptions {
  readonly runtime: Pick<CriRuntime, 'listPodSandboxStats'>;
  readonly cache: Pick<PodCache, 'get'>;
  readonly rootDir: string;
  readonly clock: Clock;
}

const value = (wrapped: { readonly value: bigint } | undefined): number => Number(wrapped?.value ?? 0n);

/** A folder is looked through again when that takes no more than a hundredth of the time, or a minute has passed. */
const freshMs = (tookMs: number): number => Math.min(60_000, Math.max(5000, tookMs * 100));

/** Measures what pods use, by UID; those that do not run are left out. Nothing is measured unless it is asked for. */
export function podUsages({
  runtime,
  cache,
  rootDir,
  clock,
}: PodUsageOptions): (uids: readonly string[]) => Promise<ReadonlyMap<string, PodUsage>> {
  const measureVolumes = volumeUsages(rootDir, clock, freshMs);
  const logFolder = (uid: string, id: string): string | undefined => {
    const path = cache.get(uid)?.containers.find((container) => container.id === id)?.logPath;
    return path === undefined || path === '' ? undefined : dirname(path);
  };
  return async (uids) => {
    const [all, volumes] = await Promise.all([runtime.listPodSandboxStats(), measureVolumes(uids)]);
    const wanted = new Set(uids);
    const runs = (uid: string): boolean => cache.get(uid)?.sandboxes[0]?.ready ?? false;
    const rows = all
      .map((stats) => ({ uid: stats.attributes?.metadata?.uid ?? '', linux: stats.linux }))
      .filter(({ uid }) => wanted.has(uid) && runs(uid))
      .map(async ({ uid, linux }): Promise<readonly [string, PodUsage]> => {
        const containers = (linux?.containers ?? []).map(async (stats): Promise<ContainerUsage> => {
          const folder = logFolder(uid, stats.attributes?.id ?? '');
          const log = folder === undefined ? { bytes: 0, inodes: 0 } : await folderUsage(folder);
          return {
            name: stats.attributes?.metadata?.name ?? '',
            memoryBytes: value(stats.memory?.workingSetBytes),
            layerBytes: value(stats.writableLayer?.usedBytes),
            layerInodes: value(stats.writableLayer?.inodesUsed),
            logBytes: log.bytes,
            logInodes: log.inodes,
          };
        });
        return [
          uid,
          {
            memoryBytes: value(linux?.memory?.workingSetBytes),
            processes: value(linux?.process?.processCount),
            containers: await Promise.all(containers),
            volumes: (volumes.get(uid) ?? []).map(({ name, usedBytes, inodesUsed }) => ({
              name,
              bytes: usedBytes,
              inodes: inodesUsed,
            })),
          },
        ];
      });
    return new Map(await Promise.all(rows));
  };
}
