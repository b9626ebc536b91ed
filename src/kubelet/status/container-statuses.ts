import type { ContainerStatus, Pod, VolumeMount } from '../../api/types.ts';
import type { PodResourceInfo } from '../allocation/index.ts';
import { decideRecursiveReadOnly } from '../containers/recursive-read-only.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import type { ContainerList } from '../pod-facts.ts';
import { restartsAfter } from '../restart-policy.ts';
import { toApiTime } from '../times.ts';
import { computeContainerResources } from './resources.ts';

type State = NonNullable<ContainerStatus['state']>;

export const restartingAllContainers = 'RestartingAllContainers';
const statusUnknown = 'ContainerStatusUnknown';
const killedExitCode = 137;

export interface ContainerStatusInputs {
  readonly pod: Pod;
  readonly seen: ObservedPod;
  readonly list: ContainerList;
  readonly old: readonly ContainerStatus[];
  /** Why the last attempt to start this container came to nothing. */
  readonly waitingReason: (container: string) => { readonly reason: string; readonly message: string } | undefined;
  readonly restartingAll: boolean;
  /** What was last told to the pod's containers. */
  readonly inForce: PodResourceInfo | undefined;
  /** Whether the runtime can make all mounts below a read-only one read-only too. */
  readonly recursiveReadOnly: boolean;
}

/** The API's statuses of one list of containers: sorted by name, or for init containers in the spec's order. */
export function computeContainerStatuses(inputs: ContainerStatusInputs): ContainerStatus[] {
  const { pod, seen, list, old } = inputs;
  const containers = (pod.spec?.[list] ?? []) as readonly RunnableContainer[];
  const statuses = containers.map((container) => {
    const attempts = seen.containers.filter(({ name }) => name === container.name);
    const before = old.find(({ name }) => name === container.name);
    const status = fromAttempts(attempts, before, container, inputs) ?? fromPast(container, before, inputs);
    return withWaiting(status, container, attempts[0], inputs);
  });
  return list === 'initContainers' ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a mount is read-only all the way down; one that asks for what cannot be had never came to be. */
function recursiveReadOnlyOf(mount: VolumeMount, isSupported: boolean): 'Enabled' | 'Disabled' {
  try {
    return decideRecursiveReadOnly(mount, isSupported) ? 'Enabled' : 'Disabled';
  } catch {
    return 'Disabled';
  }
}

function mountsOf(container: RunnableContainer, isSupported: boolean): Pick<ContainerStatus, 'volumeMounts'> {
  const mounts = (container.volumeMounts ?? []).map((mount) => ({
    name: mount.name,
    mountPath: mount.mountPath,
    ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: recursiveReadOnlyOf(mount, isSupported) } : {}),
  }));
  return mounts.length === 0 ? {} : { volumeMounts: mounts };
}

/** What a container that the runtime does not know is in: not there yet, or lost. */
function fromPast(
  container: RunnableContainer,
  before: ContainerStatus | undefined,
  { pod, restartingAll, recursiveReadOnly }: ContainerStatusInputs,
): ContainerStatus {
  const hasInits = (pod.spec?.initContainers ?? []).length > 0;
  const waiting: ContainerStatus = {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    restartCount: before?.restartCount ?? 0,
    state: { waiting: { reason: hasInits ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: before?.lastState ?? {},
    ...mountsOf(container, recursiveReadOnly),
  };
  if (before === undefined) return waiting;
  if (restartingAll && before.state?.waiting === undefined) {
    const message = 'The container is removed because RestartAllContainers in place';
    const reason = restartingAllContainers;
    return {
      ...waiting,
      state: { waiting: { reason, message } },
      lastState: { terminated: { reason, message, exitCode: killedExitCode } },
      restartCount: before.restartCount + 1,
    };
  }
  if (before.state?.terminated !== undefined) return before;
  if (before.state?.running === undefined || before.lastState?.terminated !== undefined) return waiting;
  return {
    ...waiting,
    // With a previous end on record the pod does not fall back to Pending.
    lastState: {
      terminated: {
        reason: statusUnknown,
        message: 'The container could not be located when the pod was deleted.  The container used to be Running',
        exitCode: killedExitCode,
      },
    },
    restartCount: before.restartCount + (pod.metadata?.deletionTimestamp === undefined ? 1 : 0),
  };
}

/** What the runtime says of the newest attempt, with the one before it as the last state. */
function fromAttempts(
  attempts: readonly ObservedContainer[],
  before: ContainerStatus | undefined,
  container: RunnableContainer,
  inputs: ContainerStatusInputs,
): ContainerStatus | undefined {
  const [newest, previous] = attempts;
  if (newest === undefined) return undefined;
  const containerID = `containerd://${newest.id}`;
  let restartCount = Math.max(newest.restartCount, before?.restartCount ?? 0);
  const isLost = ({ state }: ObservedContainer) => state === 'unknown' && before?.state?.running !== undefined;
  const stateNow = (seen: ObservedContainer) => (isLost(seen) ? lostState(inputs.restartingAll) : stateOf(seen));
  if (isLost(newest)) restartCount = (before?.restartCount ?? 0) + 1;
  const replaced = before !== undefined && before.containerID !== containerID;
  if (
    newest.state === 'running' &&
    replaced &&
    before?.state?.terminated &&
    before.restartCount >= newest.restartCount
  ) {
    restartCount = before.restartCount + 1;
  }
  const inheritedEnd =
    replaced && before?.state?.terminated !== undefined ? before.state.terminated : before?.lastState?.terminated;
  const user = newest.user;
  return {
    name: container.name,
    image: newest.image,
    imageID: newest.imageRef,
    containerID,
    ready: false,
    restartCount,
    state: stateNow(newest),
    lastState:
      previous !== undefined ? stateNow(previous) : inheritedEnd === undefined ? {} : { terminated: inheritedEnd },
    ...(newest.state === 'running' && !replaced && before?.started !== undefined ? { started: before.started } : {}),
    ...(container.resources?.requests === undefined ? {} : { allocatedResources: container.resources.requests }),
    resources: computeContainerResources(container, newest, before, inputs.inForce?.containers[container.name]),
    ...(user === undefined
      ? {}
      : { user: { linux: { uid: user.uid, gid: user.gid, supplementalGroups: [...user.supplementalGroups] } } }),
    ...mountsOf(container, inputs.recursiveReadOnly),
  };
}

const lostState = (restartingAll: boolean): State => ({
  terminated: {
    reason: restartingAll ? restartingAllContainers : statusUnknown,
    message: 'The container could not be located when the pod was terminated',
    exitCode: killedExitCode,
  },
});

function stateOf(container: ObservedContainer): State {
  switch (container.state) {
    case 'running':
      return { running: { startedAt: toApiTime(container.startedAt) } };
    case 'exited':
      return {
        terminated: {
          exitCode: container.exitCode,
          ...(container.reason === '' ? {} : { reason: container.reason }),
          ...(container.message === '' ? {} : { message: container.message }),
          startedAt: toApiTime(container.startedAt),
          finishedAt: toApiTime(container.finishedAt),
          containerID: `containerd://${container.id}`,
        },
      };
    default:
      return { waiting: {} };
  }
}

/** A container that is to be started, and whose start failed, waits for the reason of that failure. */
function withWaiting(
  status: ContainerStatus,
  container: RunnableContainer,
  newest: ObservedContainer | undefined,
  { pod, seen, list, waitingReason }: ContainerStatusInputs,
): ContainerStatus {
  if (list === 'initContainers') {
    if (newest?.state === 'exited' && newest.exitCode === 0) return status;
    const initialized = pod.spec?.containers.some(({ name }) => seen.containers.some((c) => c.name === name));
    if (newest === undefined && initialized && container.restartPolicy !== 'Always' && status.state?.waiting) {
      const message =
        'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally';
      return { ...status, state: { terminated: { reason: 'Completed', message, exitCode: 0 } } };
    }
  }
  if (!willStart(pod, container, newest)) return status;
  const waiting = waitingReason(container.name);
  if (waiting === undefined) return status;
  return {
    ...status,
    ...(status.state?.terminated === undefined ? {} : { lastState: status.state }),
    state: { waiting: { reason: waiting.reason, ...(waiting.message === '' ? {} : { message: waiting.message }) } },
  };
}

function willStart(pod: Pod, container: RunnableContainer, newest: ObservedContainer | undefined): boolean {
  if (pod.metadata?.deletionTimestamp !== undefined || newest?.state === 'running') return false;
  return newest?.state === 'exited' ? restartsAfter(container, pod, newest.exitCode) : true;
}
