import type { PodCache } from '../parts.ts';
import type { CadvisorSources } from './cadvisor-rows.ts';
import { readCgroupDetails } from './cgroup-details.ts';
import { readCgroupNetwork, readContainerCgroup } from './cgroup-tree.ts';
import { readInterfaces } from './node-usage.ts';

export interface CadvisorSourcesOptions {
  readonly cache: Pick<PodCache, 'get'>;
  /** Where the cgroups of pods (by UID) and of their running containers (by ID) are; undefined: not known here. */
  readonly cgroups: ReadonlyMap<
    string,
    { readonly path: string; readonly containers: ReadonlyMap<string, string> } | undefined
  >;
  /** What the runtime calls a pod's container. */
  readonly identityOf: (podUid: string, container: string) => { readonly id: string; readonly image: string };
}

/** Reads the cgroups of this machine, its pods and their containers, each when it is asked for. */
export const cadvisorSources = ({ cache, cgroups, identityOf }: CadvisorSourcesOptions): CadvisorSources => ({
  root: { path: '/', details: readCgroupDetails('/'), interfaces: readInterfaces() },
  pod(uid) {
    const found = cgroups.get(uid);
    if (found === undefined) return undefined;
    const [first] = found.containers.values();
    // On the host's network a pod has none of its own.
    const hasNetwork = cache.get(uid)?.sandboxes[0]?.networkMode === 'pod' && first !== undefined;
    return {
      path: found.path,
      details: readCgroupDetails(found.path),
      interfaces: hasNetwork ? readCgroupNetwork(first) : [],
    };
  },
  container(uid, name) {
    const identity = identityOf(uid, name);
    const path = cgroups.get(uid)?.containers.get(identity.id);
    return { ...identity, cgroup: path === undefined ? undefined : readContainerCgroup(path) };
  },
});
