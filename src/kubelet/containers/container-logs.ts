import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';

const maxFileName = 255;
const suffix = '.log';

/** Name of the link under /var/log/containers, no longer than a file name may be. */
export function logLinkName(pod: string, namespace: string, container: string, id: string): string {
  const stem = `${pod}_${namespace}_${container}-${id}`;
  return stem.slice(0, maxFileName - suffix.length) + suffix;
}

export type DeadContainer = Pick<ObservedContainer, 'id' | 'name' | 'logPath'>;

/** Removes a container from the runtime, and from the disk what only it wrote. */
export type RemoveContainer = (pod: Pick<ObservedPod, 'name' | 'namespace'>, container: DeadContainer) => Promise<void>;

/** No runtime removes the logs of its containers: those of a pod that restarts for days would fill the disk. */
export function containerRemover(runtime: Pick<CriRuntime, 'removeContainer'>, logLinks: string): RemoveContainer {
  return async (pod, container) => {
    await removeLogs(container.logPath);
    await rm(join(logLinks, logLinkName(pod.name, pod.namespace, container.name, container.id)), { force: true });
    await runtime.removeContainer(container.id);
  };
}

/** The log and those that rotation has put beside it. */
async function removeLogs(path: string): Promise<void> {
  if (path === '') return;
  const folder = dirname(path);
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const logs = names.filter((name) => name.startsWith(basename(path)));
  await Promise.all(logs.map((name) => rm(join(folder, name), { force: true })));
}
