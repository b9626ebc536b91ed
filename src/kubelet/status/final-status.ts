import type { ContainerStatus, Pod, PodStatus } from '../../api/types.ts';
import { isSidecar, isStaticPod, isTerminalPhase } from '../pod-facts.ts';

/** The status of a pod that the node does not take; what was said of it before, that it is scheduled, goes. */
export function rejectedStatus(pod: Pod, reason: string, message: string): PodStatus {
  const generation = pod.metadata?.generation;
  const qosClass = pod.status?.qosClass;
  return {
    ...(qosClass === undefined ? {} : { qosClass }),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: 'Failed',
    reason,
    message: `Pod was rejected: ${message}`,
  };
}

/** What is left unsaid when the worker has finished: containers of unknown end count as failed, and so does the pod. */
export function finalStatus(pod: Pod, status: PodStatus): PodStatus {
  const lost: NonNullable<ContainerStatus['state']> = {
    terminated: {
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
      exitCode: 137,
    },
  };
  const end = (s: ContainerStatus): ContainerStatus => (s.state?.terminated === undefined ? { ...s, state: lost } : s);
  const regular = status.containerStatuses ?? [];
  const inits = status.initContainerStatuses ?? [];
  const hasRun = (s: ContainerStatus) =>
    s.state?.running !== undefined || s.state?.terminated !== undefined || s.lastState?.terminated !== undefined;
  // Of the first it is not believed that it was never tried.
  const lastRun = Math.max(0, inits.findLastIndex(hasRun));
  const initialized = (pod.spec?.initContainers ?? []).length === 0 || regular.some(hasRun) || allDone(pod, inits);
  const phase = isStaticPod(pod) || isTerminalPhase(status.phase) ? status.phase : 'Failed';
  return {
    ...status,
    ...(phase === undefined ? {} : { phase }),
    ...(inits.length > 0 ? { initContainerStatuses: inits.map((s, i) => (i <= lastRun ? end(s) : s)) } : {}),
    ...(regular.length > 0 ? { containerStatuses: initialized ? regular.map(end) : regular } : {}),
  };
}

const allDone = (pod: Pod, inits: readonly ContainerStatus[]): boolean =>
  (pod.spec?.initContainers ?? []).every((c) => {
    const status = inits.find(({ name }) => name === c.name);
    return isSidecar(c) ? status?.started === true : status?.state?.terminated?.exitCode === 0;
  });
