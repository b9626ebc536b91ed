import { type Container, CriError, type PodSandbox } from '../../cri/port.ts';
import { labels } from '../containers/labels.ts';
import type { ObservedPod } from '../observed.ts';
import { containerStateName } from './observe.ts';

/** CRI's SANDBOX_READY. */
export const sandboxReadyState = 0;

/** One pod's part of the runtime's lists. */
export interface Listed {
  readonly sandboxes: readonly PodSandbox[];
  readonly containers: readonly Container[];
}

/** What vanished between the list and the question is not there. */
export async function there<T>(asked: readonly Promise<T | undefined>[]): Promise<readonly T[]> {
  const answers = await Promise.all(asked.map(orGone));
  return answers.filter((answer) => answer !== undefined);
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof CriError && error.code === 'notFound') return undefined;
    throw error;
  }
}

/** The runtime's lists by the UID of the pod that each entry belongs to. */
export function groupByPod(
  sandboxes: readonly PodSandbox[],
  containers: readonly Container[],
): ReadonlyMap<string, Listed> {
  const groups = new Map<string, { sandboxes: PodSandbox[]; containers: Container[] }>();
  const group = (uid: string) => {
    const found = groups.get(uid) ?? { sandboxes: [], containers: [] };
    groups.set(uid, found);
    return found;
  };
  for (const sandbox of sandboxes) {
    const uid = sandbox.labels[labels.podUid] ?? sandbox.metadata?.uid;
    if (uid) group(uid).sandboxes.push(sandbox);
  }
  const owners = new Map(sandboxes.map(({ id, metadata }) => [id, metadata?.uid]));
  for (const container of containers) {
    const uid = container.labels[labels.podUid] ?? owners.get(container.podSandboxId);
    if (uid) group(uid).containers.push(container);
  }
  return groups;
}

/** Whether the cached pod has exactly the listed sandboxes and containers, in the listed states. */
export function matches(pod: ObservedPod | undefined, listed: Listed | undefined): boolean {
  if (pod === undefined || listed === undefined) return pod === listed;
  if (pod.sandboxes.length !== listed.sandboxes.length || pod.containers.length !== listed.containers.length)
    return false;
  const sandboxStates = new Map(pod.sandboxes.map(({ id, ready }) => [id, ready]));
  const containerStates = new Map(pod.containers.map(({ id, state }) => [id, state]));
  return (
    listed.sandboxes.every(({ id, state }) => sandboxStates.get(id) === (state === sandboxReadyState)) &&
    listed.containers.every(({ id, state }) => containerStates.get(id) === containerStateName(state))
  );
}
