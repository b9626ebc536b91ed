import type { ObservedPod } from '../observed.ts';

export type PodLifecycleEventType = 'ContainerStarted' | 'ContainerDied' | 'ContainerRemoved' | 'PodSync';

/** Something happened to a container or a sandbox of the pod. */
export interface PodLifecycleEvent {
  readonly uid: string;
  readonly type: PodLifecycleEventType;
  /** Container's or sandbox's ID. */
  readonly id: string;
  readonly exitCode?: number;
}

type UnitState = 'running' | 'exited' | 'unknown';

interface Unit {
  readonly state: UnitState;
  readonly exitCode?: number;
}

/** Containers and sandboxes by ID; created ones count as unknown, as they have not run. */
function units(pod: ObservedPod | undefined): ReadonlyMap<string, Unit> {
  const found = new Map<string, Unit>();
  for (const sandbox of pod?.sandboxes ?? []) found.set(sandbox.id, { state: sandbox.ready ? 'running' : 'exited' });
  for (const container of pod?.containers ?? []) {
    found.set(
      container.id,
      container.state === 'exited'
        ? { state: 'exited', exitCode: container.exitCode }
        : { state: container.state === 'running' ? 'running' : 'unknown' },
    );
  }
  return found;
}

/** What happened between two observations of one pod. A unit that vanished while it ran died and was removed. */
export function computeEvents(
  uid: string,
  before: ObservedPod | undefined,
  after: ObservedPod | undefined,
): readonly PodLifecycleEvent[] {
  const old = units(before);
  const now = units(after);
  const events: PodLifecycleEvent[] = [];
  for (const [id, unit] of now) {
    if (old.get(id)?.state === unit.state) continue;
    if (unit.state === 'running') events.push({ uid, type: 'ContainerStarted', id });
    if (unit.state === 'exited') {
      events.push({
        uid,
        type: 'ContainerDied',
        id,
        ...(unit.exitCode === undefined ? {} : { exitCode: unit.exitCode }),
      });
    }
  }
  for (const [id, unit] of old) {
    if (now.has(id)) continue;
    if (unit.state !== 'exited') events.push({ uid, type: 'ContainerDied', id });
    events.push({ uid, type: 'ContainerRemoved', id });
  }
  return events;
}
