import { mkdir } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Pod } from '../../api/types.ts';
import { listContainers } from '../pod-facts.ts';
import { systemErrorText } from '../system-error-text.ts';

const clean = (path: string): string => normalize(path).replace(/(?<=.)\/$/, '');

/**
 * Where other volumes are mounted below this one, as paths inside it. What lies below one of those is that volume's
 * own affair.
 */
export function computeNestedMounts(pod: Pod, volume: string): readonly string[] {
  const nested = new Set<string>();
  for (const { container } of listContainers(pod)) {
    const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }) => ({ name, path: clean(mountPath) }));
    for (const own of mounts.filter(({ name }) => name === volume)) {
      const below = mounts.map(({ path }) => path).filter((path) => path.startsWith(`${own.path}/`));
      for (const path of below) {
        if (!below.some((other) => path.startsWith(`${other}/`))) nested.add(path.slice(own.path.length + 1));
      }
    }
  }
  return [...nested];
}

/** Makes the folders that other volumes are mounted on: the runtime cannot, where containers may only read. */
export async function makeNestedMounts(pod: Pod, volume: string, folder: string): Promise<void> {
  for (const path of computeNestedMounts(pod, volume)) {
    await mkdir(join(folder, path), { recursive: true, mode: 0o755 }).catch((error: unknown) => {
      throw new Error(`unable to create nested volume mountpoints: ${systemErrorText(error)}`, { cause: error });
    });
  }
}
