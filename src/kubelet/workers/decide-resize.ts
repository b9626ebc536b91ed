import type { Pod, ResourceRequirements } from '../../api/types.ts';
import type { PodResourceInfo } from '../allocation/index.ts';
import type { ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { milliOf, unitsOf } from '../quantity.ts';
import { limitsInEffect } from '../resources/index.ts';

/** CPU in thousandths, memory in bytes; 0: none. Limits are those in effect: the pod's, where the container has none. */
export interface Amounts {
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryRequest: number;
  readonly memoryLimit: number;
}

/** A running container that is to be told other resources. */
export interface ContainerResize {
  readonly id: string;
  readonly container: string;
  readonly from: Amounts;
  readonly to: Amounts;
}

export interface ResizeDecision {
  /** Containers whose resize policy asks for a restart, by name. */
  readonly restarts: ReadonlySet<string>;
  readonly updates: readonly ContainerResize[];
  /** Containers that do not run and will start with other resources than they had. */
  readonly onStart: ReadonlySet<string>;
  /** The pod's own resources, which its cgroup follows, differ from what is in force. */
  readonly pod: boolean;
  /** Anything of it is not in force yet for what runs. */
  readonly underWay: boolean;
}

const nothing: ResizeDecision = {
  restarts: new Set(),
  updates: [],
  onStart: new Set(),
  pod: false,
  underWay: false,
};

/** The amounts that hold for a container of a pod. */
export function amountsOf(pod: ResourceRequirements | undefined, container: ResourceRequirements | undefined): Amounts {
  const limits = limitsInEffect(pod, container);
  return {
    cpuRequest: milliOf(container?.requests?.cpu),
    cpuLimit: milliOf(limits.cpu),
    memoryRequest: unitsOf(container?.requests?.memory),
    memoryLimit: unitsOf(limits.memory),
  };
}

export const sameAmounts = (a: Amounts, b: Amounts): boolean =>
  a.cpuRequest === b.cpuRequest &&
  a.cpuLimit === b.cpuLimit &&
  a.memoryRequest === b.memoryRequest &&
  a.memoryLimit === b.memoryLimit;

/**
 * What a granted resize means for what runs: which containers are told, which restarted, whether the pod's cgroup
 * follows. `granted` is the pod with what it was granted; `inForce` what was last told.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
export function decideResize(granted: Pod, seen: ObservedPod, inForce: PodResourceInfo | undefined): ResizeDecision {
  if (inForce === undefined) return nothing;
  const restarts = new Set<string>();
  const onStart = new Set<string>();
  const updates: ContainerResize[] = [];
  const spec = granted.spec;
  for (const container of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])] as RunnableContainer[]) {
    const status = seen.containers.find(({ name }) => name === container.name);
    const to = amountsOf(spec?.resources, container.resources);
    const from = amountsOf(inForce.pod, inForce.containers[container.name]);
    if (sameAmounts(from, to)) continue;
    if (status?.state !== 'running') {
      onStart.add(container.name);
      continue;
    }
    if (needsRestart(container, from, to)) restarts.add(container.name);
    else updates.push({ id: status.id, container: container.name, from, to });
  }
  const pod = !sameAmounts(amountsOf(undefined, spec?.resources), amountsOf(undefined, inForce.pod));
  return { restarts, updates, onStart, pod, underWay: restarts.size > 0 || updates.length > 0 || pod };
}

function needsRestart(container: RunnableContainer, from: Amounts, to: Amounts): boolean {
  const restartsOn = (resource: string) =>
    container.resizePolicy?.some(
      (policy) => policy.resourceName === resource && policy.restartPolicy === 'RestartContainer',
    );
  const cpu = from.cpuRequest !== to.cpuRequest || from.cpuLimit !== to.cpuLimit;
  const memory = from.memoryRequest !== to.memoryRequest || from.memoryLimit !== to.memoryLimit;
  return (cpu && restartsOn('cpu') === true) || (memory && restartsOn('memory') === true);
}
