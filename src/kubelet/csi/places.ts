import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../../base/errors.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The folder of a volume that is staged once for the node; it is mounted at `globalmount` in there. */
export const stagingFolder = (rootDir: string, driver: string, handle: string): string =>
  join(rootDir, 'plugins/kubernetes.io/csi', driver, sha256(handle));

/** The VolumeAttachment of a volume on a node. */
export const attachmentName = (handle: string, driver: string, node: string): string =>
  `csi-${sha256(handle + driver + node)}`;

/** The handle of a volume that lives as long as its pod. */
export const inlineHandle = (podUid: string, volume: string): string => `csi-${sha256(podUid + volume)}`;

const fileName = 'vol_data.json';

const volumeData = z.object({
  volumeHandle: z.string().min(1),
  driverName: z.string().min(1),
  volumeLifecycleMode: z.string().optional(),
});
export type VolumeData = z.infer<typeof volumeData>;

/** What was written when the volume was set up; undefined when nothing was. Rejects when it cannot be read as that. */
export async function readVolumeData(folder: string): Promise<VolumeData | undefined> {
  try {
    return volumeData.parse(JSON.parse(await readFile(join(folder, fileName), 'utf8')));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written before the driver is called, so that what it did is always undone. */
export async function writeVolumeData(folder: string, data: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 });
  await writeFile(join(folder, fileName), `${JSON.stringify(data)}\n`, { mode: 0o644 });
}

const list = (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });

/** The folders of a pod's volumes. */
export async function volumesOf(rootDir: string, podUid: string): Promise<readonly string[]> {
  const folder = join(rootDir, 'pods', podUid, 'volumes/kubernetes.io~csi');
  return (await list(folder)).map((name) => join(folder, name));
}

/** A pod's volume, by what was written when it was set up. */
export interface PublishedVolume {
  readonly podUid: string;
  readonly folder: string;
  readonly data: VolumeData;
}

/** The volumes of all pods. Rejects when one cannot be read. */
export async function* publishedVolumes(rootDir: string): AsyncGenerator<PublishedVolume> {
  for (const podUid of await list(join(rootDir, 'pods'))) {
    for (const folder of await volumesOf(rootDir, podUid)) {
      const data = await readVolumeData(folder);
      if (data !== undefined) yield { podUid, folder, data };
    }
  }
}
