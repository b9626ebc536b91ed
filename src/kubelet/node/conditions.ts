import type { NodeCondition } from '../../api/types.ts';
import type { Instant } from '../../base/clock.ts';
import { toApiTime } from '../times.ts';

/** What the kubelet finds wrong or right with its node at one moment. */
export interface NodeHealth {
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
  /** Why the node is not ready: runtime, network, storage, shutdown, missing capacity. */
  readonly errors: readonly string[];
}

type Row = readonly [type: string, status: boolean, reason: string, message: string];

const aggregate = (errors: readonly string[]): string =>
  errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`;

const rows = (health: NodeHealth): readonly Row[] => [
  health.memoryPressure
    ? ['MemoryPressure', true, 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available']
    : ['MemoryPressure', false, 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  health.diskPressure
    ? ['DiskPressure', true, 'KubeletHasDiskPressure', 'kubelet has disk pressure']
    : ['DiskPressure', false, 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  health.pidPressure
    ? ['PIDPressure', true, 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available']
    : ['PIDPressure', false, 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  health.errors.length > 0
    ? ['Ready', false, 'KubeletNotReady', aggregate(health.errors)]
    : ['Ready', true, 'KubeletReady', 'kubelet is posting ready status'],
];

/** The types of conditions that are the kubelet's; any other is somebody else's. */
export const ownConditionTypes: readonly string[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'];

/**
 * The node's conditions with the kubelet's own brought up to date, each in the place it had; others' stay as they are.
 * A transition time moves only with the status. https://kubernetes.io/docs/reference/node/node-status/#condition
 */
export function computeConditions(
  before: readonly NodeCondition[],
  health: NodeHealth,
  now: Instant,
): readonly NodeCondition[] {
  const own = rows(health).map(([type, isTrue, reason, message]): NodeCondition => {
    const status = isTrue ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    const lastTransitionTime =
      old?.status === status && old.lastTransitionTime !== undefined ? old.lastTransitionTime : toApiTime(now);
    return { type, status, lastHeartbeatTime: toApiTime(now), lastTransitionTime, reason, message };
  });
  return [
    ...before.map((condition) => own.find(({ type }) => type === condition.type) ?? condition),
    ...own.filter(({ type }) => !before.some((condition) => condition.type === type)),
  ];
}

/**
 * Event reasons for the conditions that changed, as `kubectl get events` shows them for nodes. A node that was not
 * there before is neither becoming ready nor ceasing to be.
 */
export function conditionEvents(before: readonly NodeCondition[], after: readonly NodeCondition[]): readonly string[] {
  return after.flatMap(({ type, status, reason }) => {
    const old = before.find((condition) => condition.type === type);
    if (!ownConditionTypes.includes(type) || old?.status === status) return [];
    if (type !== 'Ready') return [(reason ?? '').replace(/^Kubelet/, 'Node')];
    return old === undefined ? [] : [status === 'True' ? 'NodeReady' : 'NodeNotReady'];
  });
}
