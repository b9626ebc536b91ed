import type { Instant } from '../../base/clock.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import type { ContainerList } from '../pod-facts.ts';
import type { PodAction } from './actions.ts';
import type { ResizeDecision } from './decide-resize.ts';

type ProbeResult = 'success' | 'failure' | 'unknown';

/** What the decision needs to know beside the pod and what was seen of it. */
export interface DecisionInputs {
  readonly now: Instant;
  /** The hash a running container must carry to be the one of the spec. */
  readonly hashOf: (container: RunnableContainer) => string;
  readonly liveness: (containerId: string) => ProbeResult;
  readonly startup: (containerId: string) => ProbeResult;
  /** When a container that ended may start again, and how long the whole wait is; absent: at once. */
  readonly retryOf: (
    container: RunnableContainer,
    ended: ObservedContainer,
  ) => { readonly at: Instant; readonly delayMs: number } | undefined;
  /** A restart rule asked for all containers to start anew. */
  readonly restartingAll: boolean;
  /** What the resources that the pod was granted mean for what runs. */
  readonly resize: ResizeDecision;
}

/** What is decided so far. */
export interface Plan {
  readonly kills: PodAction[];
  readonly starts: PodAction[];
  /** Set when the whole pod is to be stopped instead. */
  killPod?: string;
}

/** The newest attempt of a container. */
export const latest = (seen: ObservedPod, name: string): ObservedContainer | undefined =>
  seen.containers.find((c) => c.name === name);

/** The end that a restart's wait is counted from. */
export const lastEnd = (seen: ObservedPod, name: string): ObservedContainer | undefined =>
  seen.containers.find((c) => c.name === name && c.state === 'exited');

/** `restart`: not its first start. */
export const start = (list: ContainerList, container: string, restart: boolean, because: string): PodAction => ({
  kind: 'startContainer',
  list,
  container,
  restart,
  because,
});

/** A start, or the wait before it when the container's last end lies too little back. */
export function startOrWait(
  list: ContainerList,
  container: RunnableContainer,
  ended: ObservedContainer | undefined,
  because: string,
  { retryOf, now }: DecisionInputs,
): PodAction {
  const retry = ended === undefined ? undefined : retryOf(container, ended);
  if (retry !== undefined && retry.at > now) {
    const { at: until, delayMs } = retry;
    return { kind: 'backOff', list, container: container.name, delayMs, until, because };
  }
  return start(list, container.name, ended !== undefined, because);
}

/** Nothing, when nothing is left to stop. */
export const killPodUnlessStopped = (seen: ObservedPod, because: string): readonly PodAction[] =>
  seen.sandboxes.some(({ ready }) => ready) || seen.containers.some(({ state }) => state === 'running')
    ? [{ kind: 'killPod', because }]
    : [];

/** What the runtime knows nothing of may run still. */
export const killUnknown = (status: ObservedContainer, what: string): PodAction => ({
  kind: 'killContainer',
  id: status.id,
  container: status.name,
  message: `${what} is in "unknown" state, try killing it before restart`,
  because: 'its state is unknown',
});

/** As the Killing event words it. */
export const resizeRestart = 'resize requires restart';
