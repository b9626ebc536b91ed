import type { Pod, ResourceRequirements } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { CriError, type CriRuntime } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Allocations } from '../allocation/index.ts';
import {
  type ContainerResourceInputs,
  containerResources,
  podOverhead,
  settingsAsResources,
} from '../containers/resources.ts';
import type { PodCgroups, RunnableContainer } from '../parts.ts';
import { findContainer, logNameOf, uidOf } from '../pod-facts.ts';
import { milliOf, renderBytes, renderMilli, unitsOf } from '../quantity.ts';
import type { CgroupSettings, MemoryProtection } from '../resources/index.ts';
import { type Amounts, amountsOf, type ContainerResize, sameAmounts } from './decide-resize.ts';

export interface ResizePodOptions {
  readonly cri: Pick<CriRuntime, 'updateContainerResources' | 'updatePodSandboxResources' | 'containerStats'>;
  readonly cgroups: Pick<PodCgroups, 'wanted' | 'current' | 'apply' | 'memoryUsage'>;
  readonly allocations: Pick<Allocations, 'inForce' | 'setInForce' | 'noteFailure'>;
  readonly resources: () => ContainerResourceInputs;
  readonly clock: Clock;
  readonly journal: Journal;
}

/** Tells a pod's running containers and its cgroup what it was granted. Throws when something refused; then it is tried again. */
export type ResizePod = (granted: Pod, sandboxId: string, updates: readonly ContainerResize[]) => Promise<void>;

/**
 * Memory first, then CPU, each in an order in which containers never have more than their pod: the pod's cgroup grows
 * before its containers and shrinks after them, and those that give something back go first.
 */
export function podResizer(options: ResizePodOptions): ResizePod {
  const { cri, cgroups, allocations, clock, journal } = options;

  async function refuseBelowUsage(
    pod: Pod,
    updates: readonly ContainerResize[],
    limit: number | undefined,
  ): Promise<void> {
    const current = cgroups.current(pod)?.memoryBytes;
    const problems: string[] = [];
    if (limit !== undefined && limit < (current ?? Number.POSITIVE_INFINITY)) {
      const usage = cgroups.memoryUsage(pod);
      if (usage >= limit) problems.push(`attempting to set pod memory limit (${limit}) below current usage (${usage})`);
    }
    for (const { id, container, from, to } of updates) {
      if (to.memoryLimit === 0 || (from.memoryLimit !== 0 && to.memoryLimit >= from.memoryLimit)) continue;
      const usage = Number((await cri.containerStats(id)).memory?.usageBytes?.value ?? 0n);
      if (usage < to.memoryLimit) continue;
      problems.push(
        `attempting to set container ${JSON.stringify(container)} memory limit (${to.memoryLimit}) below current usage (${usage})`,
      );
    }
    if (problems.length === 0) return;
    throw new Error(
      `cannot decrease memory limits: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`,
    );
  }

  async function updateContainer(pod: Pod, { id, container: name }: ContainerResize, amounts: Amounts): Promise<void> {
    const container = findContainer(pod, name)?.container;
    if (container === undefined) return;
    const resources = requirementsOf(amounts, container.resources);
    await cri.updateContainerResources(id, containerResources(pod, { ...container, resources }, options.resources()));
    const before = allocations.inForce(uidOf(pod)) ?? { containers: {} };
    allocations.setInForce(uidOf(pod), { ...before, containers: { ...before.containers, [name]: resources } });
  }

  /** The runtime may refuse; one that does not know of it need not be asked. */
  async function applyToPod(pod: Pod, sandboxId: string, change: CgroupSettings): Promise<void> {
    const resources = settingsAsResources({ ...cgroups.current(pod), ...change });
    try {
      await cri.updatePodSandboxResources(sandboxId, podOverhead(pod, options.resources()), resources);
    } catch (error) {
      if (!isUnimplemented(error)) throw error;
    }
    await cgroups.apply(pod, change);
  }

  type SetPod = (change: CgroupSettings) => Promise<void>;

  async function resizeMemory(
    pod: Pod,
    updates: readonly ContainerResize[],
    wanted: CgroupSettings,
    setPod: SetPod,
  ): Promise<void> {
    const before = cgroups.current(pod)?.memoryBytes ?? Number.POSITIVE_INFINITY;
    const after = wanted.memoryBytes ?? before;
    const set = () => setPod({ memoryBytes: after });
    if (after > before) await set();
    for (const update of inOrder(updates, 'memory')) {
      const { memoryLimit, memoryRequest } = update.to;
      await updateContainer(pod, update, { ...update.from, memoryLimit, memoryRequest });
    }
    if (after < before) await set();
    const protection = protectionOf(wanted);
    if (Object.keys(protection).length > 0) await cgroups.apply(pod, protection);
  }

  async function resizeCpu(
    pod: Pod,
    updates: readonly ContainerResize[],
    wanted: CgroupSettings,
    setPod: SetPod,
  ): Promise<void> {
    const before = cgroups.current(pod);
    const quota = { before: quotaOf(before), after: wanted.cpuQuota === undefined ? quotaOf(before) : quotaOf(wanted) };
    const shares = { before: before?.cpuShares ?? 0, after: wanted.cpuShares ?? 0 };
    const setQuota = () =>
      setPod({
        ...(wanted.cpuQuota === undefined ? {} : { cpuQuota: wanted.cpuQuota }),
        ...(wanted.cpuPeriod === undefined ? {} : { cpuPeriod: wanted.cpuPeriod }),
      });
    const setShares = () => setPod({ cpuShares: shares.after });
    if (quota.after > quota.before) await setQuota();
    if (shares.after > shares.before) await setShares();
    for (const update of inOrder(updates, 'cpu')) await updateContainer(pod, update, update.to);
    if (shares.after < shares.before) await setShares();
    if (quota.after < quota.before) await setQuota();
  }

  return async (pod, sandboxId, updates) => {
    const startedAt = clock.now();
    let success = false;
    try {
      const wanted = cgroups.wanted(pod);
      await refuseBelowUsage(pod, updates, wanted.memoryBytes);
      const setPod: SetPod = (change) => applyToPod(pod, sandboxId, change);
      await resizeMemory(pod, updates, wanted, setPod);
      await resizeCpu(pod, updates, wanted, setPod);
      const before = allocations.inForce(uidOf(pod)) ?? { containers: {} };
      allocations.setInForce(uidOf(pod), { containers: before.containers, pod: pod.spec?.resources });
      success = true;
    } catch (error) {
      allocations.noteFailure(pod, messageOf(error));
      throw error;
    } finally {
      journal.write({ kind: 'resize.actuated', pod: logNameOf(pod), ms: clock.now() - startedAt, success });
    }
  };
}

/** containerd answers with its own words instead of the code. */
const isUnimplemented = (error: unknown): boolean =>
  error instanceof CriError &&
  (error.code === 'unimplemented' || (error.grpcCode === 'Unknown' && error.message.includes('not implemented')));

/** The container was started with what the pod was granted: that is in force now. */
export function noteStart(
  allocations: Pick<Allocations, 'inForce' | 'setInForce'>,
  pod: Pod,
  container: RunnableContainer,
): void {
  const before = allocations.inForce(uidOf(pod));
  if (before?.containers[container.name] === undefined) return;
  const amounts = amountsOf(pod.spec?.resources, container.resources);
  if (sameAmounts(amounts, amountsOf(before.pod, before.containers[container.name]))) return;
  allocations.setInForce(uidOf(pod), {
    ...before,
    containers: { ...before.containers, [container.name]: requirementsOf(amounts, container.resources) },
  });
}

const protectionOf = ({ memoryMin, memoryLow, memoryHigh }: CgroupSettings): MemoryProtection => ({
  ...(memoryMin === undefined ? {} : { memoryMin }),
  ...(memoryLow === undefined ? {} : { memoryLow }),
  ...(memoryHigh === undefined ? {} : { memoryHigh }),
});

/** -1: no limit. A limit that goes away is taken away last, as if it shrank. */
const quotaOf = (settings: CgroupSettings | undefined): number => settings?.cpuQuota || -1;

/** Those that give something back before those that get more; those that this resource does not concern not at all. */
function inOrder(updates: readonly ContainerResize[], resource: 'cpu' | 'memory'): readonly ContainerResize[] {
  const [limit, request] =
    resource === 'cpu' ? (['cpuLimit', 'cpuRequest'] as const) : (['memoryLimit', 'memoryRequest'] as const);
  const growth = ({ from, to }: ContainerResize) => to[limit] - from[limit] || to[request] - from[request];
  return updates.filter((update) => growth(update) !== 0).sort((a, b) => growth(a) - growth(b));
}

/** Amounts as requests and limits, in the words of what was granted where that is as much; 0 stands for none. */
function requirementsOf(
  { cpuLimit, cpuRequest, memoryLimit, memoryRequest }: Amounts,
  granted: ResourceRequirements | undefined,
): ResourceRequirements {
  const list = (words: Readonly<Record<string, string>> | undefined, cpu: number, memory: number) => ({
    ...(cpu === 0 ? {} : { cpu: milliOf(words?.cpu) === cpu ? (words?.cpu ?? '') : renderMilli(cpu) }),
    ...(memory === 0
      ? {}
      : { memory: unitsOf(words?.memory) === memory ? (words?.memory ?? '') : renderBytes(memory) }),
  });
  return {
    limits: list(granted?.limits, cpuLimit, memoryLimit),
    requests: list(granted?.requests, cpuRequest, memoryRequest),
  };
}
