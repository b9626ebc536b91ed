import type { ContainerStatus, PodStatus } from '../../api/types.ts';

/** A pod that starts is told of once rather than three times when it takes no longer than this. */
const startingMs = 500;
/** No longer than a kubelet would take to notice that looks at the runtime once a second. */
const endingMs = 1000;

export interface StatusChange {
  /** What was last to be sent; for the first status what the API has. */
  readonly before: PodStatus;
  readonly after: PodStatus;
  /** The pod's object is to be deleted: whoever waits for anything waits for that. */
  readonly deleted: boolean;
  /** The worker has finished with the pod. */
  readonly finished: boolean;
}

/**
 * How many milliseconds a status may wait for what comes after it, so that both go with one request: 0 when somebody
 * may be waiting for it, that is when the pod has come to another phase, is ready or is not any more, or has a
 * container that starts, ends or waits for another reason than being made.
 */
export function decideStatusDelay({ before, after, deleted, finished }: StatusChange): number {
  const phaseBefore = before.phase ?? 'Pending';
  if (finished || phaseBefore !== after.phase || before.reason !== after.reason) return 0;
  if (deleted) return endingMs;
  if (readyOf(before) !== readyOf(after)) return 0;
  return telling(before) === telling(after) ? startingMs : 0;
}

const readyOf = ({ conditions }: PodStatus): boolean =>
  conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** What others act upon in containers' statuses; being made, or waiting for its turn, is as good as nothing. */
function telling({ initContainerStatuses, containerStatuses, ephemeralContainerStatuses }: PodStatus): string {
  const all = [initContainerStatuses, containerStatuses, ephemeralContainerStatuses].flatMap((list) => list ?? []);
  return all.map(tellingOf).join(';');
}

const beginnings = ['ContainerCreating', 'PodInitializing'];

function tellingOf({ name, containerID, ready, started, restartCount, state }: ContainerStatus): string {
  const reason = state?.waiting?.reason ?? '';
  if (containerID === undefined && beginnings.includes(reason)) return '';
  const kind = Object.entries(state ?? {}).find(([, value]) => value !== undefined)?.[0] ?? '';
  return [name, containerID, ready, started, restartCount, kind, reason].join(' ');
}
