import type { ContainerStatus, PodSandboxStatus } from '../../cri/port.ts';
import { annotations, labels } from '../containers/labels.ts';
import type { ObservedContainer, ObservedContainerState, ObservedPod, ObservedSandbox } from '../observed.ts';

/** CRI's nanoseconds since the epoch as milliseconds; 0 stays 0. */
export const fromNanos = (nanos: bigint): number => Number(nanos / 1_000_000n);

/** CRI's enums, by their wire numbers. */
const sandboxReady = 0;
const networkModeNode = 2;
const containerStates = ['created', 'running', 'exited', 'unknown'] as const;

export type RuntimeContainerState = (typeof containerStates)[number];

export const containerStateName = (state: number): RuntimeContainerState => containerStates[state] ?? 'unknown';

/** A sandbox's status in the kubelet's words. */
export function observeSandbox(status: PodSandboxStatus): ObservedSandbox {
  const network = status.network;
  const ips = network?.ip ? [network.ip, ...network.additionalIps.map(({ ip }) => ip)] : [];
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    createdAt: fromNanos(status.createdAt),
    ready: status.state === sandboxReady,
    networkMode: status.linux?.namespaces?.options?.network === networkModeNode ? 'node' : 'pod',
    ips,
    runtimeHandler: status.runtimeHandler,
  };
}

function observeState(status: ContainerStatus, message: string): ObservedContainerState {
  const state = containerStateName(status.state);
  switch (state) {
    case 'running':
      return { state, startedAt: fromNanos(status.startedAt) };
    case 'exited':
      return {
        state,
        startedAt: fromNanos(status.startedAt),
        finishedAt: fromNanos(status.finishedAt),
        exitCode: status.exitCode,
        reason: status.reason,
        message,
      };
    default:
      return { state };
  }
}

/**
 * A container's status in the kubelet's words. `message` is the termination message, for those that exited;
 * the status alone does not have it.
 */
export function observeContainer(status: ContainerStatus, sandboxId: string, message: string): ObservedContainer {
  const user = status.user?.linux;
  return {
    id: status.id,
    name: status.labels[labels.containerName] ?? status.metadata?.name ?? '',
    sandboxId,
    restartCount: Number(status.annotations[annotations.restartCount] ?? status.metadata?.attempt ?? 0),
    hash: status.annotations[annotations.hash] ?? '',
    image: status.image?.image ?? '',
    imageRef: status.imageRef,
    imageId: status.imageId,
    createdAt: fromNanos(status.createdAt),
    logPath: status.logPath,
    labels: status.labels,
    annotations: status.annotations,
    resources: status.resources?.linux,
    user: user && {
      uid: Number(user.uid),
      gid: Number(user.gid),
      supplementalGroups: user.supplementalGroups.map(Number),
    },
    ...observeState(status, message),
  };
}

export interface PodParts {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
  readonly observedAt: number;
}

const newestSandboxFirst = (a: ObservedSandbox, b: ObservedSandbox): number =>
  b.attempt - a.attempt || b.createdAt - a.createdAt;

const newestContainerFirst = (a: ObservedContainer, b: ObservedContainer): number =>
  b.createdAt - a.createdAt || b.restartCount - a.restartCount;

/** One pod out of its parts. Addresses outlive their sandbox: a stopped pod keeps those it was last seen with. */
export function observePod(parts: PodParts, before: ObservedPod | undefined): ObservedPod {
  const sandboxes = [...parts.sandboxes].sort(newestSandboxFirst);
  const newest = sandboxes[0];
  const keep = newest !== undefined && !newest.ready && newest.ips.length === 0;
  return {
    ...parts,
    sandboxes,
    containers: [...parts.containers].sort(newestContainerFirst),
    ips: keep ? (before?.ips ?? []) : (newest?.ips ?? []),
  };
}
