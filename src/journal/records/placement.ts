import { failure, info, type Projections } from '../projection.ts';

/** Which CPUs and memory of which NUMA nodes pods have for themselves. */
export type PlacementRecord =
  | {
      readonly kind: 'placement.decided';
      readonly pod: string;
      /** Whether the pod asks for CPUs, or memory, of its own. */
      readonly wantsCpus: boolean;
      readonly wantsMemory: boolean;
      readonly aligned: boolean;
      readonly reason: string | undefined;
      readonly because: string;
      readonly ms: number;
      readonly exclusiveCpus: number;
      readonly sharedCpus: number;
    }
  | {
      readonly kind: 'placement.cpusMoved';
      readonly pod: string;
      readonly container: string;
      readonly cpus: string;
    }
  | { readonly kind: 'placement.problem'; readonly what: string; readonly error: string };

export const placementProjections: Projections<PlacementRecord> = {
  'placement.decided': {
    log: ({ pod, reason, because, sharedCpus }) =>
      info(reason === undefined ? 4 : 2, 'Placed the pod on the topology of the machine', {
        pod,
        reason: reason ?? '',
        because,
        sharedCPUs: sharedCpus,
      }),
    measure: ({ wantsCpus, wantsMemory, aligned, reason, ms, exclusiveCpus, sharedCpus }, meters) => {
      if (aligned) {
        meters.count('kubelet_topology_manager_admission_requests_total', {});
        meters.observe('kubelet_topology_manager_admission_duration_ms', ms, {});
        if (reason !== undefined) meters.count('kubelet_topology_manager_admission_errors_total', {});
      }
      if (wantsCpus) meters.count('kubelet_cpu_manager_pinning_requests_total', {});
      if (wantsCpus && reason !== undefined) meters.count('kubelet_cpu_manager_pinning_errors_total', {});
      if (wantsMemory) meters.count('kubelet_memory_manager_pinning_requests_total', {});
      if (wantsMemory && reason !== undefined) meters.count('kubelet_memory_manager_pinning_errors_total', {});
      meters.gauge('kubelet_cpu_manager_exclusive_cpu_allocation_count', exclusiveCpus, {});
      meters.gauge('kubelet_cpu_manager_shared_pool_size_millicores', sharedCpus * 1000, {});
    },
  },
  'placement.cpusMoved': {
    log: ({ pod, container, cpus }) => info(5, 'Updating container', { pod, containerName: container, cpuSet: cpus }),
  },
  'placement.problem': { log: ({ what, error }) => failure(what, { err: error }) },
};
