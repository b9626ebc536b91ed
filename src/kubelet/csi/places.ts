import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { codeOf } from '../../base/errors.ts';
import { deviceLink } from '../volumes/device-link.ts';

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

/** Where everything of one pod's volume lies. */
export interface VolumePlaces {
  /** Where the driver stages it, once for the node. */
  readonly staged: string;
  /** Where it is published to the pod. */
  readonly target: string;
  /** The folder of the file that tells which driver's volume this is. */
  readonly data: string;
  /** What stands for the volume in the pod's folder: while it is there, the volume is to be given back. */
  readonly mark: string;
}

/** A volume that is mounted. `folder`: `<pod>/volumes/kubernetes.io~csi/<name>`. */
export const mountedPlaces = (staging: string, folder: string): VolumePlaces => ({
  staged: join(staging, 'globalmount'),
  target: join(folder, 'mount'),
  data: folder,
  mark: folder,
});

/** A volume that is a raw block device. */
export function blockPlaces(rootDir: string, podUid: string, name: string): VolumePlaces {
  const folder = join(rootDir, 'plugins/kubernetes.io/csi/volumeDevices');
  return {
    staged: join(folder, 'staging', name),
    target: join(folder, 'publish', name, podUid),
    data: join(folder, name, 'data'),
    mark: deviceLink(rootDir, podUid, 'csi', name),
  };
}

/** A pod's volume, by what was written when it was set up. */
export interface PublishedVolume {
  readonly podUid: string;
  readonly block: boolean;
  readonly places: VolumePlaces;
  readonly data: VolumeData;
}

/** The volumes of one pod. Rejects when what was written of one cannot be read. */
export async function volumesOf(rootDir: string, podUid: string): Promise<readonly PublishedVolume[]> {
  const volumes: PublishedVolume[] = [];
  const mounted = join(rootDir, 'pods', podUid, 'volumes/kubernetes.io~csi');
  for (const name of await list(mounted)) {
    const folder = join(mounted, name);
    const data = await readVolumeData(folder);
    if (data === undefined) continue;
    const staging = stagingFolder(rootDir, data.driverName, data.volumeHandle);
    volumes.push({ podUid, block: false, places: mountedPlaces(staging, folder), data });
  }
  for (const name of await list(join(rootDir, 'pods', podUid, 'volumeDevices/kubernetes.io~csi'))) {
    const places = blockPlaces(rootDir, podUid, name);
    const data = await readVolumeData(places.data);
    if (data !== undefined) volumes.push({ podUid, block: true, places, data });
  }
  return volumes;
}

/** The volumes of all pods. Rejects when what was written of one cannot be read. */
export async function* publishedVolumes(rootDir: string): AsyncGenerator<PublishedVolume> {
  for (const podUid of await list(join(rootDir, 'pods'))) yield* await volumesOf(rootDir, podUid);
}
