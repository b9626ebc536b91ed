import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
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
