import type { Pod, PodStatus } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import { isTerminalPhase } from '../pod-facts.ts';
import type { WorkerPhase } from '../workers/index.ts';

export interface ContainerRemoval {
  readonly kind: 'removeContainer';
  readonly id: string;
  readonly pod: ObservedPod;
  readonly container: ObservedContainer;
  readonly because: string;
}

export type GarbageAction =
  | ContainerRemoval
  | { readonly kind: 'removeSandbox'; readonly id: string; readonly because: string };

/** How many dead containers are kept for their logs and last state. Below zero: all of them. */
export interface GarbageLimits {
  readonly perContainer: number;
  readonly total: number;
  /** Younger containers are no garbage, whatever became of their pods. */
  readonly minAgeMs: number;
}

export interface GarbageInputs {
  readonly seen: readonly ObservedPod[];
  readonly now: Instant;
  /** Nobody will ask for what is left of the pod. */
  readonly isGone: (uid: string) => boolean;
  readonly limits: GarbageLimits;
  /** Whether all limits are looked after, or only what is done as soon as a container has died. */
  readonly thorough: boolean;
}

/** Whether what a pod leaves in the runtime and on the disk may go; a pod without a worker is gone unless it is yet to come. */
export function isContentGone(
  phase: WorkerPhase | undefined,
  pod: Pod | undefined,
  status: PodStatus | undefined,
): boolean {
  // One that was refused has a status that says so, and never a worker.
  if (phase === undefined) return pod === undefined || isTerminalPhase(status?.phase);
  if (phase !== 'finished') return false;
  return pod === undefined || pod.metadata?.deletionTimestamp !== undefined || status?.reason === 'Evicted';
}

/** What the runtime still has and nobody will ask for: pods that are gone, and old instances of those that are not. */
export function decideGarbage(inputs: GarbageInputs): readonly GarbageAction[] {
  const { seen, isGone, limits } = inputs;
  const old = ({ createdAt }: ObservedContainer): boolean => createdAt <= inputs.now - limits.minAgeMs;
  const ofGone = seen
    .filter(({ uid }) => isGone(uid))
    .flatMap((pod) =>
      pod.containers.filter((c) => c.state !== 'running' && old(c)).map((c) => removal(pod, c, 'its pod is gone')),
    );
  const alive = seen.filter(({ uid }) => !isGone(uid));
  // The newest end of a container is its last state: it stays until the limits are looked after.
  const surplus = instancesOf(alive, ({ state }) => state === 'exited').flatMap((instances) =>
    beyond(instances, Math.max(1, limits.perContainer)),
  );
  const sofar = [...ofGone, ...surplus];
  const removed = new Set(sofar.map(({ container }) => container));
  const dead = instancesOf(alive, (c) => c.state !== 'running' && old(c) && !removed.has(c));
  const removals = inputs.thorough ? [...sofar, ...beyondLimits(dead, limits)] : sofar;
  return [...removals, ...emptySandboxes(seen, isGone, new Set(removals.map(({ container }) => container)))];
}

const removal = (pod: ObservedPod, container: ObservedContainer, because: string): ContainerRemoval => ({
  kind: 'removeContainer',
  id: container.id,
  pod,
  container,
  because,
});

interface Instance {
  readonly pod: ObservedPod;
  readonly container: ObservedContainer;
}

/** The chosen instances of each container of each pod, newest first. */
function instancesOf(
  pods: readonly ObservedPod[],
  choose: (container: ObservedContainer) => boolean,
): readonly (readonly Instance[])[] {
  return pods.flatMap((pod) => {
    const byName = Map.groupBy(pod.containers.filter(choose), ({ name }) => name);
    return [...byName.values()].map((containers) => containers.map((container) => ({ pod, container })));
  });
}

const beyond = (instances: readonly Instance[], keep: number): readonly ContainerRemoval[] =>
  instances.slice(keep).map(({ pod, container }) => removal(pod, container, 'newer instances of it are kept'));

function beyondLimits(
  dead: readonly (readonly Instance[])[],
  { perContainer, total }: GarbageLimits,
): readonly ContainerRemoval[] {
  const keep = perContainer < 0 ? Number.POSITIVE_INFINITY : perContainer;
  const kept = dead.map((instances) => instances.slice(0, keep));
  const count = kept.reduce((sum, { length }) => sum + length, 0);
  if (total < 0 || count <= total) return dead.flatMap((instances) => beyond(instances, keep));
  // Each container gives up its oldest first; only then is one container's past dearer than another's.
  const fair = Math.min(keep, Math.max(1, Math.floor(total / dead.length)));
  const left = dead
    .flatMap((instances) => instances.slice(0, fair))
    .sort((a, b) => b.container.createdAt - a.container.createdAt);
  return [
    ...dead.flatMap((instances) => beyond(instances, fair)),
    ...left.slice(total).map(({ pod, container }) => removal(pod, container, 'too many dead containers are kept')),
  ];
}

/** Sandboxes that have ended and hold nothing; the newest of a pod that is not gone stays. */
const emptySandboxes = (
  seen: readonly ObservedPod[],
  isGone: (uid: string) => boolean,
  removed: ReadonlySet<ObservedContainer>,
): readonly GarbageAction[] =>
  seen.flatMap(({ uid, sandboxes, containers }) => {
    const holds = new Set(containers.filter((c) => !removed.has(c)).map(({ sandboxId }) => sandboxId));
    const because = isGone(uid) ? 'its pod is gone' : 'a newer sandbox has replaced it';
    return sandboxes
      .slice(isGone(uid) ? 0 : 1)
      .filter(({ id, ready }) => !ready && !holds.has(id))
      .map(({ id }) => ({ kind: 'removeSandbox' as const, id, because }));
  });
