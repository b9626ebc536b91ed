import type { ObservedContainer, ObservedPod } from '../observed.ts';

export type GarbageAction =
  | {
      readonly kind: 'removeContainer';
      readonly id: string;
      readonly pod: ObservedPod;
      readonly container: ObservedContainer;
      readonly because: string;
    }
  | { readonly kind: 'removeSandbox'; readonly id: string; readonly because: string };

export interface GarbageInputs {
  readonly seen: readonly ObservedPod[];
  /** The pod is wanted, or its worker is not through with it. */
  readonly inUse: (uid: string) => boolean;
  /** Dead instances of one container that are kept for their logs and last state. */
  readonly keepPerContainer: number;
}

/** What the runtime still has and nobody will ask for: pods that are gone, and old instances of those that are not. */
export function decideGarbage({ seen, inUse, keepPerContainer }: GarbageInputs): readonly GarbageAction[] {
  return seen.flatMap((pod) => (inUse(pod.uid) ? oldInstances(pod, keepPerContainer) : everything(pod)));
}

const removal = (pod: ObservedPod, container: ObservedContainer, because: string): GarbageAction => ({
  kind: 'removeContainer',
  id: container.id,
  pod,
  container,
  because,
});

const everything = (pod: ObservedPod): readonly GarbageAction[] => {
  const because = 'its pod is gone';
  const running = new Set(pod.containers.filter(({ state }) => state === 'running').map(({ sandboxId }) => sandboxId));
  return [
    ...pod.containers.filter(({ state }) => state !== 'running').map((container) => removal(pod, container, because)),
    ...pod.sandboxes
      .filter(({ id, ready }) => !ready && !running.has(id))
      .map(({ id }) => ({ kind: 'removeSandbox' as const, id, because })),
  ];
};

function oldInstances(pod: ObservedPod, keep: number): readonly GarbageAction[] {
  const dead = new Map<string, number>();
  // Newest first, so the first ones of each name are those to keep.
  const surplus = pod.containers.filter(({ name, state }) => {
    if (state !== 'exited') return false;
    dead.set(name, (dead.get(name) ?? 0) + 1);
    return (dead.get(name) ?? 0) > keep;
  });
  const [newest] = pod.sandboxes;
  const holds = new Set(pod.containers.filter((c) => !surplus.includes(c)).map(({ sandboxId }) => sandboxId));
  const empty = pod.sandboxes.filter(({ id, ready }) => !ready && id !== newest?.id && !holds.has(id));
  return [
    ...surplus.map((container) => removal(pod, container, 'newer instances of it are kept')),
    ...empty.map(({ id }) => ({ kind: 'removeSandbox' as const, id, because: 'a newer sandbox has replaced it' })),
  ];
}
