import { failure, info, nodeReference, normalEvent, type Projections, warning, warningEvent } from '../projection.ts';

type Garbage = 'container' | 'sandbox' | 'logs';

/** What the cgroups and the collectors of garbage tell. */
export type ResourceRecord =
  | {
      readonly kind: 'resource.allocatableEnforced';
      readonly node: string;
      readonly milliCpu: number;
      readonly memoryBytes: number;
    }
  | {
      readonly kind: 'resource.allocatableNotEnforced';
      readonly node: string;
      readonly cgroup: readonly string[];
      readonly reason: string;
    }
  | { readonly kind: 'resource.isolated'; readonly path: string; readonly pid: number }
  | { readonly kind: 'resource.notIsolated'; readonly path: string; readonly pid: number; readonly reason: string }
  | { readonly kind: 'resource.orphanCgroup'; readonly podUid: string; readonly path: string }
  | { readonly kind: 'resource.cgroupKept'; readonly path: string; readonly processes: readonly number[] }
  | {
      readonly kind: 'resource.garbageRemoved';
      readonly what: Garbage;
      readonly id: string;
      readonly because: string;
    }
  | { readonly kind: 'resource.garbageFailed'; readonly what: Garbage; readonly id: string; readonly reason: string }
  /** A whole look came to its end; `recovered`: the one before it had not. */
  | { readonly kind: 'resource.garbageCollected'; readonly recovered: boolean }
  | { readonly kind: 'resource.garbageUnknown'; readonly node: string; readonly error: string };

/** How upstream's lines name what is removed. */
const garbage: Readonly<Record<Garbage, { readonly name: string; readonly failed?: string; readonly key: string }>> = {
  container: { name: 'container', key: 'containerID' },
  sandbox: { name: 'sandbox', key: 'sandboxID' },
  logs: { name: 'pod logs', failed: 'pod logs directory', key: 'path' },
};

export const resourceProjections: Projections<ResourceRecord> = {
  'resource.allocatableEnforced': {
    log: ({ milliCpu, memoryBytes }) =>
      info(2, 'Updated Node Allocatable limit across pods', { milliCPU: milliCpu, memoryBytes }),
    event: ({ node }) =>
      normalEvent(nodeReference(node), 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods'),
  },
  'resource.allocatableNotEnforced': {
    log: ({ reason }) => warning('Failed to update Node Allocatable Limits', { err: reason }),
    event: ({ node, cgroup, reason }) =>
      warningEvent(
        nodeReference(node),
        'FailedNodeAllocatableEnforcement',
        `Failed to update Node Allocatable Limits [${cgroup.map((name) => JSON.stringify(name)).join(' ')}]: ${reason}`,
      ),
  },
  'resource.isolated': { log: ({ path, pid }) => info(2, 'Moved the process to its cgroup', { path, pid }) },
  'resource.notIsolated': {
    log: ({ path, pid, reason }) => warning('Failed to move the process to its cgroup', { path, pid, err: reason }),
  },
  'resource.orphanCgroup': {
    log: ({ podUid, path }) => info(3, 'Orphaned pod found, removing pod cgroups', { podUID: podUid, path }),
  },
  'resource.cgroupKept': {
    log: ({ path, processes }) => failure('Failed to remove cgroup: processes keep it', { path, processes }),
  },
  'resource.garbageRemoved': {
    log: ({ what, id, because }) => info(4, `Removing ${garbage[what].name}`, { [garbage[what].key]: id, because }),
  },
  'resource.garbageFailed': {
    log: ({ what, id, reason }) =>
      failure(`Failed to remove ${garbage[what].failed ?? garbage[what].name}`, {
        [garbage[what].key]: id,
        err: reason,
      }),
  },
  'resource.garbageCollected': {
    log: ({ recovered }) => info(recovered ? 1 : 4, 'Container garbage collection succeeded'),
  },
  'resource.garbageUnknown': {
    log: ({ error }) => failure('Container garbage collection failed', { err: error }),
    event: ({ node, error }) => warningEvent(nodeReference(node), 'ContainerGCFailed', error),
  },
};
