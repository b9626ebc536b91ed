import { mkdir } from 'node:fs/promises';
import type { Pod, Volume } from '../../api/types.ts';
import { writeAtomically } from './atomic-writer.ts';
import type { Placement } from './empty-dir.ts';
import { ensureTmpfs, openToAll, tmpfsOptions } from './empty-dir.ts';
import { makeNestedMounts } from './nested-mounts.ts';
import { applyGroup, groupMode } from './ownership.ts';
import { computePayload, type PayloadInputs } from './payload.ts';

export interface PayloadVolumeOptions extends PayloadInputs, Placement {
  readonly now: Date;
  /** What must not reach a disk, or changes often. */
  readonly inMemory: boolean;
}

/**
 * Makes the folder of a configMap, secret, downwardAPI or projected volume show what its objects say now. Nothing is
 * mounted or made before they could be read. Answers whether anything was written.
 */
export async function setUpPayload(pod: Pod, volume: Volume, folder: string, options: PayloadVolumeOptions) {
  const payload = await computePayload(pod, volume, options);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (options.inMemory) await ensureTmpfs(folder, options.mounts, tmpfsOptions(pod, undefined, options));
  else await openToAll(folder);
  await makeNestedMounts(pod, volume.name, folder);
  const group = pod.spec?.securityContext?.fsGroup;
  return writeAtomically(folder, payload, {
    now: options.now,
    ...(group === undefined
      ? {}
      : {
          prepare: () => applyGroup(folder, { group, readOnly: true, onRootMismatch: false }),
          finalMode: (mode: number) => groupMode(mode, false, true),
        }),
  });
}
