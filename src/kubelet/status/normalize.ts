import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import { listContainers } from '../pod-facts.ts';
import { toApiTime } from '../times.ts';

/** Termination messages of one pod together, in bytes. */
const maxMessageBytes = 12_288;

/** The status as it is stored: transition times kept where nothing changed, start time fixed, messages cut to size. */
export function normalizeStatus(pod: Pod, status: PodStatus, old: PodStatus, now: Instant): PodStatus {
  const perContainer = Math.floor(maxMessageBytes / Math.max(1, listContainers(pod).length));
  const cut = (statuses: readonly ContainerStatus[] | undefined) =>
    statuses?.map((s) => (isTooLong(s, perContainer) ? cutMessages(s, perContainer) : s));
  const lists = {
    containerStatuses: cut(status.containerStatuses),
    initContainerStatuses: cut(status.initContainerStatuses),
    ephemeralContainerStatuses: cut(status.ephemeralContainerStatuses),
  };
  const generation = Math.max(status.observedGeneration ?? 0, old.observedGeneration ?? 0);
  const normalized: PodStatus = {
    ...status,
    conditions: withTransitionTimes(status.conditions ?? [], old.conditions ?? [], now),
    startTime: old.startTime ?? status.startTime ?? toApiTime(now),
    ...(generation === 0 ? {} : { observedGeneration: generation }),
  };
  for (const [list, statuses] of Object.entries(lists))
    if (statuses !== undefined) Object.assign(normalized, { [list]: statuses });
  return normalized;
}

const messagesOf = ({ state, lastState }: ContainerStatus): readonly string[] => [
  state?.terminated?.message ?? '',
  lastState?.terminated?.message ?? '',
];

const isTooLong = (status: ContainerStatus, bytes: number): boolean =>
  messagesOf(status).some((message) => Buffer.byteLength(message) > bytes);

function cutMessages(status: ContainerStatus, bytes: number): ContainerStatus {
  const cut = (state: ContainerStatus['state']): ContainerStatus['state'] => {
    const end = state?.terminated;
    if (end?.message === undefined) return state;
    return { ...state, terminated: { ...end, message: Buffer.from(end.message).subarray(0, bytes).toString() } };
  };
  const [state, lastState] = [cut(status.state), cut(status.lastState)];
  return { ...status, ...(state === undefined ? {} : { state }), ...(lastState === undefined ? {} : { lastState }) };
}

/** A condition keeps the time of its last change of status. */
export function withTransitionTimes(
  conditions: readonly PodCondition[],
  old: readonly PodCondition[],
  now: Instant,
): PodCondition[] {
  return conditions.map((condition) => {
    const before = old.find(({ type }) => type === condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: since ?? toApiTime(now) };
  });
}
