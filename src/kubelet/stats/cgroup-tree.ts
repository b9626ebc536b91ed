import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FoundCgroup } from './cadvisor-rows.ts';
import { cgroupFiles, readCgroupDetails } from './cgroup-details.ts';
import { type InterfaceUsage, readInterfaces } from './node-usage.ts';
import { countProcesses } from './process-counts.ts';

/**
 * The cgroups of containers below their pod's, by container ID. The runtime names them after the ID, in a way of its
 * own: `<id>`, `cri-containerd-<id>.scope`. What is not found is left out.
 */
export function findContainerCgroups(
  podPath: string,
  ids: readonly string[],
  mount?: string,
): ReadonlyMap<string, string> {
  let names: readonly string[];
  try {
    names = readdirSync(cgroupFiles(podPath, mount).folderOf('memory'));
  } catch {
    return new Map();
  }
  return new Map(
    ids.flatMap((id) => {
      const name = names.find((folder) => folder.includes(id));
      return name === undefined ? [] : [[id, join(podPath, name)] as const];
    }),
  );
}

/** All that a container's cgroup, and the processes in it, tell. */
export function readContainerCgroup(path: string): FoundCgroup {
  const procs = cgroupFiles(path).read('memory', 'cgroup.procs');
  return { path, details: readCgroupDetails(path), counts: countProcesses(procs), interfaces: [] };
}

/** The network that the processes of a cgroup see; nothing when there are none. */
export function readCgroupNetwork(path: string): readonly InterfaceUsage[] {
  const [first = ''] = cgroupFiles(path).read('memory', 'cgroup.procs').split('\n');
  return first === '' ? [] : readInterfaces(first);
}
