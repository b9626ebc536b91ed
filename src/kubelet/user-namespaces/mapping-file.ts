import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { codeOf, messageOf } from '../../base/errors.ts';
import { writeFileAtOnce } from '../checkpoint.ts';
import type { IdRange } from './id-range.ts';

const fileName = 'userns';

const mapping = z.object({
  hostId: z.int().nonnegative(),
  containerId: z.literal(0),
  length: z.int().positive(),
});
const content = z.object({ uidMappings: z.tuple([mapping]), gidMappings: z.tuple([mapping]) });

/** What one pod was given: its user 0 is `hostId` on the node, and so on. */
export interface PodIds {
  readonly hostId: number;
  readonly length: number;
}

/** Reads the content of a pod's file. Throws when it is not what this kubelet, or upstream's, writes. */
export function parseMappingFile(text: string): PodIds {
  try {
    const { uidMappings, gidMappings } = content.parse(JSON.parse(text));
    const [users] = uidMappings;
    const [groups] = gidMappings;
    if (users.hostId !== groups.hostId || users.length !== groups.length)
      throw new Error('GID and UID mapping should be identical');
    return { hostId: users.hostId, length: users.length };
  } catch (error) {
    throw new Error(`invalid user namespace mappings file: ${messageOf(error)}`, { cause: error });
  }
}

export function renderMappingFile({ hostId, length }: PodIds): string {
  const mappings = [{ hostId, containerId: 0, length }];
  return JSON.stringify({ uidMappings: mappings, gidMappings: mappings });
}

/** Undefined when the pod has no IDs of its own. */
export async function readPodIds(podDir: string): Promise<PodIds | undefined> {
  const text = await readFile(join(podDir, fileName), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return text === '' ? undefined : parseMappingFile(text);
}

/** Once this resolves the pod keeps its IDs, whatever happens to the kubelet. */
export async function writePodIds(podDir: string, ids: PodIds): Promise<void> {
  await mkdir(podDir, { recursive: true, mode: 0o750 });
  await writeFileAtOnce(join(podDir, fileName), renderMappingFile(ids));
}

/** The pod is through with its IDs: another may have them. */
export async function removePodIds(podDir: string): Promise<void> {
  await rm(join(podDir, fileName), { force: true });
}

/** The IDs of all pods that have a folder. Rejects when those of one cannot be read: nobody else may get the same. */
export async function listTakenIds(podsDir: string): Promise<readonly IdRange[]> {
  const uids = await readdir(podsDir).catch(() => []);
  const all = await Promise.all(uids.map((uid) => readPodIds(join(podsDir, uid))));
  return all.flatMap((ids) => (ids === undefined ? [] : [{ first: ids.hostId, length: ids.length }]));
}
