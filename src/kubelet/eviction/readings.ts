import { stat } from 'node:fs/promises';
import type { CriImages } from '../../cri/port.ts';
import { readCgroupUsage, readFileSystem, readProcesses } from '../stats/index.ts';
import type { DiskLayout, Reading, Readings, Signal } from './signals.ts';

export interface ReadingsOptions {
  readonly images: Pick<CriImages, 'imageFsInfo'>;
  readonly rootDir: string;
  readonly memoryBytes: number;
  /** The cgroup of all pods, and how much memory they may use together. */
  readonly pods: { readonly cgroup: string; readonly memoryBytes: number };
}

export interface NodeReadings {
  /** Finds out which file systems there are. Rejects while the runtime does not tell. */
  layout(): Promise<DiskLayout>;
  /** Reads these signals; what cannot be read is left out. */
  read(signals: ReadonlySet<Signal>): Promise<Readings>;
}

interface Places {
  readonly layout: DiskLayout;
  /** A folder on the file system of the images. */
  readonly images: string;
}

/** Reads what a node has left, from the kernel and only what is asked for: a few files and `statfs` calls. */
export function nodeReadings({ images, rootDir, memoryBytes, pods }: ReadingsOptions): NodeReadings {
  let known: Places | undefined;

  async function places(): Promise<Places> {
    if (known !== undefined) return known;
    const info = await images.imageFsInfo();
    const folderOf = (usage: (typeof info.images)[number] | undefined): string => usage?.fsId?.mountpoint || rootDir;
    const imagesFolder = folderOf(info.images[0]);
    const containersFolder = info.containers[0] === undefined ? imagesFolder : folderOf(info.containers[0]);
    const [root, ofImages, ofContainers] = await Promise.all(
      [rootDir, imagesFolder, containersFolder].map(async (folder) => (await stat(folder)).dev),
    );
    const layout =
      ofImages === root ? 'shared' : ofContainers === ofImages ? 'imagesAndContainers' : ('imagesOnly' as const);
    known = { layout, images: imagesFolder };
    return known;
  }

  const memory = (capacity: number, cgroup: string): Reading => ({
    available: Math.max(0, capacity - readCgroupUsage(cgroup).workingSetBytes),
    capacity,
  });

  async function disk(wanted: ReadonlySet<Signal>): Promise<readonly (readonly [Signal, Reading])[]> {
    const { layout, images: imagesFolder } = await places();
    const folders = {
      nodefs: rootDir,
      imagefs: imagesFolder,
      containerfs: layout === 'imagesAndContainers' ? imagesFolder : rootDir,
    } as const;
    const rows: (readonly [Signal, Reading])[] = [];
    for (const [name, folder] of Object.entries(folders) as [keyof typeof folders, string][]) {
      if (!wanted.has(`${name}.available`) && !wanted.has(`${name}.inodesFree`)) continue;
      const usage = await readFileSystem(folder).catch(() => undefined);
      if (usage === undefined) continue;
      rows.push([`${name}.available`, { available: usage.availableBytes, capacity: usage.capacityBytes }]);
      rows.push([`${name}.inodesFree`, { available: usage.inodesFree, capacity: usage.inodes }]);
    }
    return rows;
  }

  return {
    layout: async () => (await places()).layout,
    async read(signals) {
      const rows = [...(await disk(signals))].filter(([signal]) => signals.has(signal));
      if (signals.has('memory.available')) rows.push(['memory.available', memory(memoryBytes, '/')]);
      if (signals.has('allocatableMemory.available')) {
        rows.push(['allocatableMemory.available', memory(pods.memoryBytes, pods.cgroup)]);
      }
      if (signals.has('pid.available')) {
        const { max, current } = await readProcesses();
        rows.push(['pid.available', { available: max - current, capacity: max }]);
      }
      return new Map(rows);
    },
  };
}
