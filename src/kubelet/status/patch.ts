import type { PodCondition, PodStatus } from '../../api/types.ts';
import { isTerminalPhase } from '../pod-facts.ts';
import { disruptionTarget, isForeignCondition, isOwnedCondition } from './conditions.ts';

/** What others write into a pod's status. */
const othersFields = [
  'resourceClaimStatuses',
  'extendedResourceClaimStatus',
  'nodeAllocatableResourceClaimStatuses',
  'nominatedNodeName',
] as const;

/** What the API is to have: the kubelet's status over what the API has from others. */
export function mergeStatus(api: PodStatus, own: PodStatus, couldHaveRunningContainers: boolean): PodStatus {
  const endsNow = !isTerminalPhase(api.phase) && isTerminalPhase(own.phase);
  const mayEnd = !couldHaveRunningContainers;
  // Whoever disrupts a pod says so; the kubelet's own word, for a pod that it has ended itself, goes above theirs.
  const disrupted = endsNow && mayEnd ? (own.conditions ?? []).filter(({ type }) => type === disruptionTarget) : [];
  const conditions = [
    ...(api.conditions ?? []).filter(
      ({ type }) => isForeignCondition(type) || (type === disruptionTarget && disrupted.length === 0),
    ),
    ...disrupted,
    ...(own.conditions ?? []).filter(({ type }) => isOwnedCondition(type)),
  ];
  const merged: PodStatus = { ...own, conditions };
  for (const key of othersFields) {
    const value = api[key];
    if (value !== undefined) Object.assign(merged, { [key]: value });
  }
  if (endsNow && !mayEnd) return withPhaseOf(merged, api);
  return isTerminalPhase(merged.phase) ? withoutReadiness(merged) : merged;
}

/** A pod is not said to have ended while a container of it may still run: what it holds would be given away. */
function withPhaseOf(status: PodStatus, { phase, reason, message }: PodStatus): PodStatus {
  const { reason: _reason, message: _message, ...rest } = status;
  return {
    ...rest,
    ...(phase === undefined ? {} : { phase }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

function withoutReadiness(status: PodStatus): PodStatus {
  const reason = status.phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed';
  return {
    ...status,
    conditions: (status.conditions ?? []).map((condition): PodCondition => {
      const ready = condition.type === 'Ready' || condition.type === 'ContainersReady';
      return ready && condition.status === 'True' ? { ...condition, status: 'False', reason } : condition;
    }),
  };
}

type Patch = Record<string, unknown>;

/** Lists that a strategic merge patch merges by key; the rest it replaces. */
const mergedLists = new Set(['podIPs', 'hostIPs']);

/**
 * The strategic merge patch that turns the one status into the other; undefined when there is nothing to change.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function computeStatusPatch(from: PodStatus, to: PodStatus): Patch | undefined {
  const patch: Patch = {};
  const [before, after] = [from as Patch, to as Patch];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, value] = [before[key], after[key]];
    // An empty object is shown as one, where there was nothing.
    const appears = old === undefined && isObject(value);
    if (key === 'conditions' || (equal(old, value) && !appears)) continue;
    if (value === undefined) patch[key] = null;
    else if (isObject(value)) patch[key] = patchObject(isObject(old) ? old : {}, value);
    else patch[key] = mergedLists.has(key) && Array.isArray(value) ? [{ $patch: 'replace' }, ...value] : value;
  }
  const conditions = patchConditions(from.conditions ?? [], to.conditions ?? []);
  if (conditions.length > 0) patch.conditions = conditions;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Objects are merged, so what is not there any more has to be said. */
function patchObject(from: Patch, to: Patch): Patch {
  const patch: Patch = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [old, value] = [from[key], to[key]];
    if (equal(old, value)) continue;
    if (value === undefined) patch[key] = null;
    else patch[key] = isObject(value) ? patchObject(isObject(old) ? old : {}, value) : value;
  }
  return patch;
}

function patchConditions(from: readonly PodCondition[], to: readonly PodCondition[]): Patch[] {
  const changed = to.flatMap((condition): Patch[] => {
    const before = from.find(({ type }) => type === condition.type);
    if (equal(before, condition)) return [];
    const dropped = Object.keys(before ?? {}).filter((key) => !(key in condition));
    return [{ ...condition, ...Object.fromEntries(dropped.map((key) => [key, null])) }];
  });
  const removed = from
    .filter(({ type }) => !to.some((condition) => condition.type === type))
    .map(({ type }) => ({ $patch: 'delete', type }));
  return [...changed, ...removed];
}

const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
};

/** Equal as JSON is: null, absent, and empty objects and lists are one. Makes no copies: it runs for every status. */
function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  if (!isObject(a) || !isObject(b)) return isEmpty(a) && isEmpty(b);
  return (
    Object.keys(a).every((key) => equal(a[key], b[key])) &&
    Object.keys(b).every((key) => Object.hasOwn(a, key) || isEmpty(b[key]))
  );
}

const isObject = (value: unknown): value is Patch =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
