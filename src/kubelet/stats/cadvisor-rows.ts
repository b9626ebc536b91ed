import type { CadvisorRow } from './cadvisor-metrics.ts';
import type { CgroupDetails } from './cgroup-details.ts';
import type { InterfaceUsage } from './node-usage.ts';
import type { ProcessCounts } from './process-counts.ts';
import type { Summary } from './summary.ts';

/** A cgroup that was found, with what was read from it. */
export interface FoundCgroup {
  /** Path below the mounts, as `id` shows it. */
  readonly path: string;
  readonly details: CgroupDetails;
  /** Of a container's processes. */
  readonly counts?: ProcessCounts;
  /** What the network is that its processes see. */
  readonly interfaces: readonly InterfaceUsage[];
}

export interface CadvisorSources {
  readonly root: FoundCgroup;
  readonly pod: (uid: string) => FoundCgroup | undefined;
  /** What the runtime calls a pod's container, its ID and its image, and its cgroup. */
  readonly container: (
    uid: string,
    name: string,
  ) => { readonly id: string; readonly image: string; readonly cgroup: FoundCgroup | undefined };
}

const at = (time: string): number => Date.parse(time);

/** The rows of /metrics/cadvisor: the node, its pods, and their containers. */
export function computeCadvisorRows({ node, pods }: Summary, sources: CadvisorSources): readonly CadvisorRow[] {
  const nobody = { container: '', id: '', image: '', name: '', namespace: '', pod: '' };
  const { root } = sources;
  const rootRow: CadvisorRow = {
    labels: { ...nobody, id: root.path },
    at: at(node.cpu.time),
    startedAt: at(node.startTime),
    cpuNanoSeconds: node.cpu.usageCoreNanoSeconds,
    memory: node.memory,
    details: root.details,
    counts: undefined,
    interfaces: root.interfaces,
    fileSystem: node.fs,
  };
  return [
    rootRow,
    ...pods.flatMap((pod) => {
      const { name, namespace, uid } = pod.podRef;
      const labels = { ...nobody, namespace, pod: name };
      const own = sources.pod(uid);
      const containers = pod.containers.map((container): CadvisorRow => {
        const { id, image, cgroup } = sources.container(uid, container.name);
        return {
          labels: { ...labels, container: container.name, id: cgroup?.path ?? '', image, name: id },
          at: at(container.cpu.time),
          startedAt: at(container.startTime),
          cpuNanoSeconds: container.cpu.usageCoreNanoSeconds,
          memory: container.memory,
          details: cgroup?.details,
          counts: cgroup?.counts,
          interfaces: [],
          fileSystem: container.rootfs,
        };
      });
      const podRow: CadvisorRow = {
        labels: { ...labels, id: own?.path ?? '' },
        at: at(pod.cpu.time),
        startedAt: at(pod.startTime),
        cpuNanoSeconds: pod.cpu.usageCoreNanoSeconds,
        memory: pod.memory,
        details: own?.details,
        counts: undefined,
        interfaces: own?.interfaces ?? [],
        fileSystem: undefined,
      };
      return [podRow, ...containers];
    }),
  ];
}
