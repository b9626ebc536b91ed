import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import { KubeletConfigError } from '../config/index.ts';

/** What the kernel is to do for a node: overcommit memory, kill rather than panic for want of it, come back after a panic. */
export const kernelSettings: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

export interface KernelSettingsOptions {
  readonly journal: Journal;
  /** The settings are the administrator's: nothing is changed. */
  readonly protect: boolean;
  readonly folder?: string;
}

/**
 * Makes the kernel's settings what they are to be. What cannot be written is told and left: in a container the node
 * may not own its kernel. With `protect` rejects when one is not as it should be.
 */
export async function applyKernelSettings({
  journal,
  protect,
  folder = '/proc/sys',
}: KernelSettingsOptions): Promise<void> {
  const problems: string[] = [];
  for (const [name, wanted] of Object.entries(kernelSettings)) {
    const path = join(folder, name);
    const actual = await readFile(path, 'utf8').then(Number, () => undefined);
    if (actual === wanted) continue;
    if (protect) {
      problems.push(`invalid kernel flag: ${name}, expected value: ${wanted}, actual value: ${actual ?? 'none'}`);
      continue;
    }
    try {
      await writeFile(path, String(wanted));
      journal.write({ kind: 'node.kernelSet', name, from: actual, to: wanted });
    } catch (error) {
      journal.write({ kind: 'node.kernelNotSet', name, to: wanted, reason: messageOf(error) });
    }
  }
  if (problems.length > 0) throw new KubeletConfigError(`[${problems.join(', ')}]`);
}
