import type { Pod, ResourceRequirements } from '../../api/types.ts';
import type { LinuxContainerResources } from '../../cri/port.ts';
import type { RunnableContainer } from '../parts.ts';
import { milliOf, unitsOf } from '../quantity.ts';
import type { CgroupSettings } from '../resources/cgroup-settings.ts';
import { hugePageLimits } from '../resources/huge-pages.ts';
import type { MemoryQos } from '../resources/memory-protection.ts';
import { limitsInEffect } from '../resources/pod-resources.ts';
import { computeSwapLimit, renderMemoryQos, type SwapSettings } from './memory.ts';
import { oomScoreAdj } from './oom-score.ts';

const minShares = 2;
const maxShares = 262_144;
const minQuotaMicros = 1000;

export interface CfsSettings {
  readonly cfsQuota: boolean;
  readonly cfsPeriodMicros: number;
}

const sharesOf = (milliCpu: number): number =>
  Math.min(maxShares, Math.max(minShares, Math.floor((milliCpu * 1024) / 1000)));

const quotaOf = (milliCpu: number, periodMicros: number): number =>
  milliCpu === 0 ? 0 : Math.max(minQuotaMicros, Math.floor((milliCpu * periodMicros) / 1000));

const empty: LinuxContainerResources = {
  cpuPeriod: 0n,
  cpuQuota: 0n,
  cpuShares: 0n,
  memoryLimitInBytes: 0n,
  oomScoreAdj: 0n,
  cpusetCpus: '',
  cpusetMems: '',
  hugepageLimits: [],
  unified: {},
  memorySwapLimitInBytes: 0n,
};

type Requests = Pick<ResourceRequirements, 'requests' | 'limits'>;

/** Requests and limits in CRI's words. A request that is not given is as large as the limit. */
export function podResources(resources: Requests, { cfsQuota, cfsPeriodMicros }: CfsSettings): LinuxContainerResources {
  const { requests, limits } = resources;
  const request = requests?.cpu ?? limits?.cpu;
  const limit = milliOf(limits?.cpu);
  return {
    ...empty,
    cpuShares: BigInt(sharesOf(milliOf(request))),
    memoryLimitInBytes: BigInt(unitsOf(limits?.memory)),
    ...(cfsQuota ? { cpuPeriod: BigInt(cfsPeriodMicros), cpuQuota: BigInt(quotaOf(limit, cfsPeriodMicros)) } : {}),
  };
}

/** What the pod uses beside its containers, in CRI's words. */
export const podOverhead = (pod: Pod, inputs: CfsSettings): LinuxContainerResources | undefined =>
  pod.spec?.overhead === undefined
    ? undefined
    : podResources({ requests: pod.spec.overhead, limits: pod.spec.overhead }, inputs);

/** A cgroup's settings in CRI's words. */
export const settingsAsResources = (settings: CgroupSettings): LinuxContainerResources => ({
  ...empty,
  cpuShares: BigInt(settings.cpuShares ?? 0),
  cpuQuota: BigInt(settings.cpuQuota ?? 0),
  cpuPeriod: BigInt(settings.cpuPeriod ?? 0),
  memoryLimitInBytes: BigInt(settings.memoryBytes ?? 0),
});

export interface ContainerResourceInputs extends CfsSettings {
  readonly cgroupVersion: 1 | 2;
  /** The node's memory, which a burstable container's share of is weighed by. */
  readonly nodeMemoryBytes: number;
  readonly singleProcessOomKill: boolean;
  /** The memory controller can limit swap. */
  readonly swapControllable: boolean;
  readonly swap: Pick<SwapSettings, 'limited' | 'nodeSwapBytes'>;
  /** Undefined: the feature is off. */
  readonly memoryQos: MemoryQos | undefined;
  /** Sizes of huge pages that the node's kernel knows, in bytes. */
  readonly hugePageSizes: readonly number[];
}

/** A container's resources in CRI's words. */
export function containerResources(
  pod: Pod,
  container: RunnableContainer,
  inputs: ContainerResourceInputs,
): LinuxContainerResources {
  const limits = limitsInEffect(pod.spec?.resources, container.resources);
  const basic = podResources({ ...container.resources, limits }, inputs);
  return {
    ...basic,
    oomScoreAdj: BigInt(oomScoreAdj(pod, container, inputs.nodeMemoryBytes)),
    unified: inputs.cgroupVersion === 2 ? unifiedOf(pod, container, inputs) : {},
    hugepageLimits: hugePageLimits(bytesOf(limits), inputs.hugePageSizes).map(({ pageSize, bytes }) => ({
      pageSize,
      limit: BigInt(bytes),
    })),
    ...(inputs.cgroupVersion === 1 && inputs.swapControllable
      ? { memorySwapLimitInBytes: basic.memoryLimitInBytes }
      : {}),
  };
}

/** What only cgroup v2 has, as its files. */
function unifiedOf(pod: Pod, container: RunnableContainer, inputs: ContainerResourceInputs): Record<string, string> {
  const swap = { ...inputs.swap, nodeMemoryBytes: inputs.nodeMemoryBytes };
  return {
    ...(inputs.singleProcessOomKill ? {} : { 'memory.oom.group': '1' }),
    ...(inputs.swapControllable ? { 'memory.swap.max': String(computeSwapLimit(pod, container, swap)) } : {}),
    ...renderMemoryQos(pod, container, inputs.memoryQos),
  };
}

const bytesOf = (limits: Readonly<Record<string, string>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(limits).map(([name, amount]) => [name, unitsOf(amount)]));

const cpuAndMemory = ['cpu', 'memory'] as const;

/** What the pod's containers ask for together: regular ones and sidecars add up, init containers count one at a time. */
export function sumResources(pod: Pod): Requests {
  const sum = (of: (c: RunnableContainer) => Readonly<Record<string, string>> | undefined, all: boolean) => {
    const total: Record<string, string> = {};
    for (const name of cpuAndMemory) {
      const value = totalOf(pod, (c) => of(c)?.[name], name, all);
      if (value !== undefined) total[name] = value;
    }
    return total;
  };
  return {
    requests: {
      ...sum((c) => ({ ...c.resources?.limits, ...c.resources?.requests }), false),
      ...pod.spec?.resources?.requests,
    },
    limits: { ...sum((c) => c.resources?.limits, true), ...pod.spec?.resources?.limits },
  };
}

/** `all`: a total only when every regular container has the value; a limit over some of them would limit the others too. */
function totalOf(
  pod: Pod,
  of: (c: RunnableContainer) => string | undefined,
  name: 'cpu' | 'memory',
  all: boolean,
): string | undefined {
  const measure = name === 'cpu' ? milliOf : unitsOf;
  const regular = pod.spec?.containers ?? [];
  if (all && regular.some((c) => of(c) === undefined)) return undefined;
  let total = regular.reduce((sum, c) => sum + measure(of(c)), 0);
  let sidecars = 0;
  let peak = 0;
  for (const init of pod.spec?.initContainers ?? []) {
    if (init.restartPolicy === 'Always') {
      sidecars += measure(of(init));
      peak = Math.max(peak, sidecars);
    } else peak = Math.max(peak, sidecars + measure(of(init)));
  }
  total = Math.max(total + sidecars, peak);
  if (total === 0) return undefined;
  return name === 'cpu' ? `${total}m` : String(total);
}
