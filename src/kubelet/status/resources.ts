import type { ContainerStatus, Pod, PodStatus, ResourceRequirements } from '../../api/types.ts';
import type { ObservedContainer } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { milliOf, renderBytes, renderMilli } from '../quantity.ts';
import { type CgroupSettings, computePodAmounts, milliOfQuota, milliOfShares } from '../resources/index.ts';

/** Below these the kernel cannot tell amounts apart: the granted ones are shown. */
const minLimitMilli = 10;
const minRequestMilli = 2;

type List = Readonly<Record<string, string>>;

interface Actual {
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryLimit: number;
}

/** What is in force where it can be told apart from what was granted; both 0: nothing is shown. */
const cpu = (granted: string | undefined, actual: number, least: number): List =>
  actual > least || (actual > 0 && milliOf(granted) > least) ? { cpu: renderMilli(actual) } : {};
const memory = (actual: number): List => (actual > 0 ? { memory: renderBytes(actual) } : {});

/**
 * A container's resources as its status shows them: what the runtime has in force while it runs, else what it was
 * granted. `before` is its last status; `inForce` fills in what the runtime does not know, the memory request.
 */
export function computeContainerResources(
  container: RunnableContainer,
  seen: ObservedContainer,
  before: ContainerStatus | undefined,
  inForce: ResourceRequirements | undefined,
): ResourceRequirements {
  const granted = container.resources ?? {};
  if (seen.state !== 'running') return granted;
  const actual = actualOf(seen);
  const kept =
    before?.state?.running !== undefined && before.containerID === `containerd://${seen.id}`
      ? before.resources
      : undefined;
  const keep = (list: List | undefined, name: string): List =>
    list?.[name] === undefined ? {} : { [name]: list[name] };
  const memoryRequest = inForce?.requests?.memory;
  return {
    ...granted,
    ...(granted.limits === undefined
      ? {}
      : {
          limits: {
            ...granted.limits,
            ...(actual?.cpuLimit ? cpu(granted.limits.cpu, actual.cpuLimit, minLimitMilli) : keep(kept?.limits, 'cpu')),
            ...(actual?.memoryLimit ? memory(actual.memoryLimit) : keep(kept?.limits, 'memory')),
          },
        }),
    ...(granted.requests === undefined
      ? {}
      : {
          requests: {
            ...granted.requests,
            ...(actual?.cpuRequest
              ? cpu(granted.requests.cpu, actual.cpuRequest, minRequestMilli)
              : keep(kept?.requests, 'cpu')),
            ...(memoryRequest === undefined ? keep(kept?.requests, 'memory') : { memory: memoryRequest }),
          },
        }),
  };
}

function actualOf({ resources }: ObservedContainer): Actual | undefined {
  if (resources === undefined) return undefined;
  const actual = {
    cpuRequest: milliOfShares(Number(resources.cpuShares)),
    cpuLimit: milliOfQuota(Number(resources.cpuQuota), Number(resources.cpuPeriod)),
    memoryLimit: Number(resources.memoryLimitInBytes),
  };
  return Object.values(actual).some((amount) => amount > 0) ? actual : undefined;
}

export interface PodResourceInputs {
  readonly pod: Pod;
  readonly old: PodStatus;
  readonly running: boolean;
  /** What the pod's cgroup is set to. */
  readonly cgroup: CgroupSettings | undefined;
}

/** The pod's resources as a whole: what was granted, and what its cgroup has in force once it runs. */
export function computePodResources({
  pod,
  running,
  cgroup,
  old,
}: PodResourceInputs): Pick<PodStatus, 'resources' | 'allocatedResources'> {
  // What the pod asks for as a whole is shown as it was written, as long as nothing is added to it.
  const whole = pod.spec?.overhead === undefined ? pod.spec?.resources?.requests : {};
  const requests = { ...listOf(computePodAmounts(pod, 'requests')), ...whole };
  const granted = pod.spec?.resources ?? {};
  const allocatedResources = Object.keys(requests).length === 0 ? {} : { allocatedResources: requests };
  if (!running) {
    return { ...allocatedResources, resources: withLists(granted, requests, listOf(computePodAmounts(pod, 'limits'))) };
  }
  const kept = old.phase === 'Running' ? old.resources : undefined;
  const cpuRequest = milliOfShares(cgroup?.cpuShares ?? 0);
  const cpuLimit = milliOfQuota(cgroup?.cpuQuota ?? 0, cgroup?.cpuPeriod ?? 0);
  const memoryRequest = granted.requests?.memory ?? requests.memory;
  const pick = (list: List | undefined, name: string): List =>
    list?.[name] === undefined ? {} : { [name]: list[name] };
  return {
    ...allocatedResources,
    resources: withLists(
      granted,
      {
        ...granted.requests,
        ...(cpuRequest > 0 ? cpu(granted.requests?.cpu, cpuRequest, minRequestMilli) : pick(kept?.requests, 'cpu')),
        ...(memoryRequest === undefined ? {} : { memory: memoryRequest }),
      },
      {
        ...granted.limits,
        ...(cpuLimit > 0 ? cpu(granted.limits?.cpu, cpuLimit, minLimitMilli) : pick(kept?.limits, 'cpu')),
        ...(cgroup?.memoryBytes ? memory(cgroup.memoryBytes) : pick(kept?.limits, 'memory')),
      },
    ),
  };
}

const withLists = (granted: ResourceRequirements, requests: List, limits: List): ResourceRequirements => {
  const { requests: _requests, limits: _limits, ...rest } = granted;
  return {
    ...rest,
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
};

const listOf = (amounts: Readonly<Record<string, number>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name, name === 'cpu' ? renderMilli(amount) : renderBytes(amount)]),
  );
