import { existsSync } from 'node:fs';
import { readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '../../journal/journal.ts';
import type { ObservedPod } from '../observed.ts';
import { systemErrorText } from '../system-error-text.ts';

export interface LogCollectorOptions {
  readonly seen: () => readonly ObservedPod[];
  readonly isGone: (uid: string) => boolean;
  readonly journal: Journal;
  /** Folders named namespace_name_uid. */
  readonly logsRoot: string;
  /** Links into them, named after pod, container and ID. */
  readonly logLinks: string;
}

/** Shorter names of containers are none. */
const shortestId = 6;

/** Removes the folders of pods that are gone, and links that lead nowhere. Rejects when the folders cannot be listed. */
export async function collectLogs({ seen, isGone, journal, logsRoot, logLinks }: LogCollectorOptions): Promise<void> {
  const known = new Set(seen().map(({ uid }) => uid));
  for (const folder of await foldersIn(logsRoot)) {
    const uid = folder.split('_').at(-1) ?? '';
    if (folder.split('_').length < 3 || known.has(uid) || !isGone(uid)) continue;
    try {
      await rm(join(logsRoot, folder), { recursive: true, force: true });
      journal.write({ kind: 'resource.garbageRemoved', what: 'logs', id: folder, because: 'its pod is gone' });
    } catch (error) {
      journal.write({ kind: 'resource.garbageFailed', what: 'logs', id: folder, reason: systemErrorText(error) });
    }
  }
  const links = await readdir(logLinks).catch(() => []);
  for (const link of links.filter((name) => name.endsWith('.log'))) {
    const target = await readlink(join(logLinks, link)).catch(() => undefined);
    if (target === undefined || existsSync(target) || livesOn(link, seen())) continue;
    await rm(join(logLinks, link), { force: true });
  }
}

async function foldersIn(logsRoot: string): Promise<readonly string[]> {
  try {
    return await readdir(logsRoot);
  } catch (error) {
    const reason = systemErrorText(error).replace(/^scandir/, 'open');
    throw new Error(`failed to read podLogsDirectory "${logsRoot}": ${reason}`, { cause: error });
  }
}

/** While a log is rotated it is not there for a moment: the link of a container that has not ended stays. */
function livesOn(link: string, seen: readonly ObservedPod[]): boolean {
  const id = link.slice(link.lastIndexOf('-') + 1, -'.log'.length);
  if (id.length < shortestId) return false;
  return seen.some(({ containers }) => containers.some((c) => c.id.startsWith(id) && c.state !== 'exited'));
}
