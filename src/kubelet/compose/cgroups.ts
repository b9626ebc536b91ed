import { existsSync } from 'node:fs';
import type { Pod } from '../../api/types.ts';
import { featuresOf, parseGoDuration } from '../config/index.ts';
import { milliOf, unitsOf } from '../quantity.ts';
import { cgroupFs, podCgroups } from '../resources/index.ts';
import { readProcesses } from '../stats/index.ts';
import { systemdUnits } from '../systemd-units/index.ts';
import type { Foundation } from './foundation.ts';
import type { NodeParts } from './node.ts';

export interface CgroupInputs extends Pick<NodeParts, 'machine' | 'node'> {
  readonly cgroupDriver: 'systemd' | 'cgroupfs';
  readonly activePods: () => readonly Pod[];
}

/** The pods' cgroups, and what a container's limits come to on this machine. */
export function composeCgroups(
  { config, nodeName, clock, journal }: Foundation,
  { machine, node, cgroupDriver, activePods }: CgroupInputs,
) {
  const cfs = { cfsQuota: config.cpuCFSQuota, cfsPeriodMicros: parseGoDuration(config.cpuCFSQuotaPeriod) * 1000 };
  const fs = cgroupFs();
  const swapControllable = existsSync(swapFiles[fs.version]);
  const capacity = node.capacity();
  const reservedOf = (name: string, of: (quantity: string | undefined) => number): number =>
    of(config.systemReserved?.[name]) + of(config.kubeReserved?.[name]);
  const allocatableBytes = unitsOf(capacity.memory) - reservedOf('memory', unitsOf);
  const memoryQos =
    fs.version === 2 && featuresOf(config)('MemoryQoS')
      ? {
          throttlingFactor: config.memoryThrottlingFactor,
          tiered: config.memoryReservationPolicy === 'TieredReservation',
          allocatableBytes,
        }
      : undefined;
  const cgroups = podCgroups({
    fs,
    clock,
    journal,
    nodeName,
    driver: cgroupDriver,
    units: cgroupDriver === 'systemd' && fs.version === 2 ? systemdUnits() : undefined,
    cgroupRoot: config.cgroupRoot ?? '/',
    cgroupsPerQos: config.cgroupsPerQOS,
    cpuCfsQuota: cfs.cfsQuota,
    cpuCfsPeriodMicros: cfs.cfsPeriodMicros,
    podPidsLimit: config.podPidsLimit,
    hugePageSizes: [...machine.hugePages.keys()],
    nodeAllocatable: async () => ({
      milliCpu: milliOf(capacity.cpu) - reservedOf('cpu', milliOf),
      memoryBytes: allocatableBytes,
      pids: (await readProcesses()).max - reservedOf('pid', unitsOf),
    }),
    memoryQos,
    pods: activePods,
    kill: (pid) => process.kill(pid, 'SIGKILL'),
  });
  const resources = () => ({
    ...cfs,
    cgroupVersion: fs.version,
    nodeMemoryBytes: machine.memoryBytes,
    singleProcessOomKill: config.singleProcessOOMKill ?? fs.version === 1,
    swapControllable,
    swap: { limited: config.memorySwap.swapBehavior === 'LimitedSwap', nodeSwapBytes: machine.swapBytes },
    memoryQos,
    hugePageSizes: [...machine.hugePages.keys()],
  });
  return { cfs, cgroups, resources };
}

/** Whether containers can be kept out of swap: the kernel may be built without that part of the memory controller. */
const swapFiles = {
  1: '/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes',
  2: '/sys/fs/cgroup/system.slice/memory.swap.max',
} as const;
