import { isIPv6 } from 'node:net';
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import type { PodResourceInfo } from '../allocation/index.ts';
import type { ResourceStatus } from '../devices/index.ts';
import type { ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { isHostNetwork, isTerminalPhase } from '../pod-facts.ts';
import { type CgroupSettings, computeQosClass } from '../resources/index.ts';
import { anyRegularContainerActive } from '../sandbox-state.ts';
import { fromApiTime } from '../times.ts';
import { computeConditions, isRestartingAll } from './conditions.ts';
import { computeContainerStatuses } from './container-statuses.ts';
import { computePhase, type Phase } from './phase.ts';
import { computePodResources } from './resources.ts';

type ProbeResult = 'success' | 'failure' | 'unknown';

export interface PodStatusInputs {
  readonly pod: Pod;
  readonly seen: ObservedPod;
  /** The status last stored, or the API's when there is none yet. */
  readonly old: PodStatus;
  readonly waitingReason: (container: string) => { readonly reason: string; readonly message: string } | undefined;
  readonly readiness: (containerId: string) => ProbeResult;
  readonly startup: (containerId: string) => ProbeResult;
  /** The containers are stopped for good. */
  readonly stopped: boolean;
  readonly now: Instant;
  readonly kubeletStartedAt: Instant;
  /** Empty when standalone. */
  readonly hostIps: readonly string[];
  /** What is said of the pod's resize. */
  readonly resizing: readonly PodCondition[];
  /** What was last told to the pod's containers. */
  readonly inForce: PodResourceInfo | undefined;
  /** What the pod's cgroup is set to. */
  readonly cgroup: CgroupSettings | undefined;
  /** Whether the runtime can make all mounts below a read-only one read-only too. */
  readonly recursiveReadOnly: boolean;
  /** How the container's devices are; empty: it has none, or nobody is to know. */
  readonly healthOf: (container: string) => readonly ResourceStatus[];
}

/** Containers older than this when the kubelet started keep the readiness they had. */
const adoptionMarginMs = 10_000;

/** The pod's status as the API is to have it. */
export function computePodStatus(inputs: PodStatusInputs): PodStatus {
  const { pod, seen, old, waitingReason } = inputs;
  const restartingAll = isRestartingAll(pod, seen, old);
  const { inForce, recursiveReadOnly } = inputs;
  const shared = { pod, seen, waitingReason, restartingAll, inForce, recursiveReadOnly };
  const init = computeContainerStatuses({ ...shared, list: 'initContainers', old: old.initContainerStatuses ?? [] });
  const regular = computeContainerStatuses({ ...shared, list: 'containers', old: old.containerStatuses ?? [] });
  const ephemeral = computeContainerStatuses({
    ...shared,
    list: 'ephemeralContainers',
    old: old.ephemeralContainerStatuses ?? [],
  });
  const probedInit = withProbes(init, 'initContainers', inputs);
  const probedRegular = withProbes(regular, 'containers', inputs);
  const { phase, reason, message } = settlePhase(inputs, [...probedInit, ...probedRegular]);
  const resizing = isTerminalPhase(phase) ? [] : inputs.resizing;
  const conditions = computeConditions({ pod, seen, old, phase, init: probedInit, regular: probedRegular, resizing });
  const generation = pod.metadata?.generation;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions,
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...addresses(inputs),
    qosClass: computeQosClass(pod),
    ...(probedInit.length > 0 ? { initContainerStatuses: probedInit } : {}),
    containerStatuses: probedRegular.map((status) => withHealth(status, inputs.healthOf(status.name))),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...computePodResources({ pod, old, running: phase === 'Running', cgroup: inputs.cgroup }),
  };
}

const withHealth = (status: ContainerStatus, health: readonly ResourceStatus[]): ContainerStatus =>
  health.length === 0
    ? status
    : {
        ...status,
        allocatedResourcesStatus: health.map(({ name, resources }) => ({ name, resources: [...resources] })),
      };

/** The phase, which never leaves a terminal one, and the words that go with it as long as it stays. */
function settlePhase(
  { pod, seen, old, stopped, now }: PodStatusInputs,
  statuses: readonly ContainerStatus[],
): { phase: Phase; reason?: string | undefined; message?: string | undefined } {
  const initialized = anyRegularContainerActive(pod, seen);
  let phase = computePhase({ pod, statuses, stopped, initialized });
  const api = pod.status;
  if (isTerminalPhase(api?.phase)) phase = api?.phase as Phase;
  else if (isTerminalPhase(old.phase) && !isTerminalPhase(phase)) phase = old.phase as Phase;
  const kept = phase === old.phase ? { reason: old.reason || api?.reason, message: old.message || api?.message } : {};
  if (!isTerminalPhase(api?.phase) && isPastDeadline(pod, old, now)) {
    return {
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
  }
  return { phase, ...kept };
}

/** Whether activeDeadlineSeconds have passed since the pod was started. */
export function isPastDeadline(pod: Pod, status: PodStatus, now: Instant): boolean {
  const seconds = pod.spec?.activeDeadlineSeconds;
  const startedAt = fromApiTime(status.startTime);
  return seconds !== undefined && startedAt !== undefined && now - startedAt >= seconds * 1000;
}

/** `started` and `ready` by the probes, or by the state alone where there is no probe. */
function withProbes(
  statuses: readonly ContainerStatus[],
  list: 'initContainers' | 'containers',
  { pod, old, readiness, startup, kubeletStartedAt }: PodStatusInputs,
): ContainerStatus[] {
  const oldStatuses = (list === 'containers' ? old.containerStatuses : old.initContainerStatuses) ?? [];
  const containers = (pod.spec?.[list] ?? []) as readonly RunnableContainer[];
  return statuses.map((status) => {
    const container = containers.find(({ name }) => name === status.name);
    const id = status.containerID?.replace(/^.*:\/\//, '') ?? '';
    const running = status.state?.running;
    const started = running !== undefined && hasStarted(container, status, startup(id));
    if (list === 'initContainers' && container?.restartPolicy !== 'Always') {
      return { ...status, started, ready: status.state?.terminated?.exitCode === 0 };
    }
    if (!started) return { ...status, started, ready: false };
    const before = oldStatuses.find(({ name }) => name === status.name);
    const adopted = (fromApiTime(running?.startedAt) ?? 0) < kubeletStartedAt - adoptionMarginMs;
    const wasReady = adopted && before?.containerID === status.containerID && before?.ready === true;
    const result = container?.readinessProbe === undefined ? 'success' : readiness(id);
    return { ...status, started, ready: result === 'success' || (result === 'unknown' && wasReady) };
  });
}

/** A startup probe's word counts; before there is one, what was known before the kubelet was restarted. */
function hasStarted(container: RunnableContainer | undefined, status: ContainerStatus, result: ProbeResult): boolean {
  if (container?.startupProbe === undefined) return true;
  return result === 'unknown' ? status.started === true : result === 'success';
}

/** The node's addresses, and the pod's own; on the host's network they are the same. */
function addresses({
  pod,
  seen,
  old,
  hostIps,
}: PodStatusInputs): Pick<PodStatus, 'hostIP' | 'hostIPs' | 'podIP' | 'podIPs'> {
  // The runtime forgets the address of a sandbox that has stopped; the status keeps what was so.
  const kept = seen.sandboxes.some(({ ready }) => ready) ? [] : (old.podIPs ?? []).flatMap(({ ip }) => ip ?? []);
  const seenIps = seen.ips.length > 0 ? seen.ips : kept;
  const own = isHostNetwork(pod) && seenIps.length === 0 ? hostIps : sortByFamily(seenIps, hostIps[0]);
  const [hostIP] = hostIps;
  const [podIP] = own;
  return {
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(podIP === undefined ? {} : { podIP, podIPs: own.map((ip) => ({ ip })) }),
  };
}

/** Addresses of the node's first family come first. */
function sortByFamily(ips: readonly string[], primary: string | undefined): readonly string[] {
  if (primary === undefined || ips.length < 2) return ips;
  const same = (ip: string) => isIPv6(ip) === isIPv6(primary);
  return [...ips.filter(same), ...ips.filter((ip) => !same(ip))];
}
