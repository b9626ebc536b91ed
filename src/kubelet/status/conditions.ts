import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/types.ts';
import type { ObservedPod } from '../observed.ts';
import { isSidecar } from '../pod-facts.ts';
import { couldRestartAll, matchingRestartRule, restartAllContainers } from '../restart-policy.ts';
import { judgeSandbox } from '../sandbox-state.ts';
import type { Phase } from './phase.ts';

/** Conditions that are the kubelet's alone. */
const owned = new Set([
  'PodScheduled',
  'Ready',
  'ContainersReady',
  'Initialized',
  'PodReadyToStartContainers',
  'PodResizePending',
  'PodResizeInProgress',
  'AllContainersRestarting',
]);

export const disruptionTarget = 'DisruptionTarget';

export const isOwnedCondition = (type: string): boolean => owned.has(type);

/** Kept for others to see, but what they do not own is not dropped when the kubelet writes. */
export const isForeignCondition = (type: string): boolean => !owned.has(type) && type !== disruptionTarget;

export interface ConditionInputs {
  readonly pod: Pod;
  readonly seen: ObservedPod;
  readonly old: PodStatus;
  readonly phase: Phase;
  readonly init: readonly ContainerStatus[];
  readonly regular: readonly ContainerStatus[];
  readonly resizing: readonly PodCondition[];
}

type Draft = Pick<PodCondition, 'type' | 'status'> & { readonly reason?: string; readonly message?: string };

const isTrue = (type: string): Draft => ({ type, status: 'True' });
const isFalse = (type: string, reason: string, message?: string): Draft => ({
  type,
  status: 'False',
  reason,
  ...(message === undefined ? {} : { message }),
});

/** The pod's conditions, in the order upstream writes them; transition times follow when they are stored. */
export function computeConditions(inputs: ConditionInputs): PodCondition[] {
  const { pod, seen, old, phase } = inputs;
  const foreign = (pod.status?.conditions ?? []).filter(({ type }) => isForeignCondition(type));
  const disruption = old.conditions?.find(({ type }) => type === disruptionTarget);
  const containersReady = computeContainersReady(inputs);
  const drafts: Draft[] = [
    computeSandboxCondition(pod, seen),
    computeInitialized(inputs),
    computeReady(pod, foreign, containersReady),
    containersReady,
    isTrue('PodScheduled'),
  ];
  // The one condition that upstream gives no generation.
  const restarting = couldRestartAll(pod) ? [computeAllRestarting(pod, seen, old, phase)] : [];
  const observed = pod.metadata?.generation === undefined ? {} : { observedGeneration: pod.metadata.generation };
  const own = drafts.map((draft): PodCondition => ({ ...draft, ...observed }));
  return [...foreign, ...inputs.resizing, ...(disruption === undefined ? [] : [disruption]), ...own, ...restarting];
}

function computeSandboxCondition(pod: Pod, seen: ObservedPod): Draft {
  const verdict = judgeSandbox(pod, seen);
  return verdict.kind === 'good'
    ? isTrue('PodReadyToStartContainers')
    : isFalse('PodReadyToStartContainers', 'PodSandboxNotReady', verdict.because);
}

const goList = (names: readonly string[]): string => `[${names.join(' ')}]`;

function computeContainersReady({ pod, init, regular, phase }: ConditionInputs): Draft {
  const type = 'ContainersReady';
  const statuses = [...init, ...regular];
  const names = [...(pod.spec?.initContainers ?? []).filter(isSidecar), ...(pod.spec?.containers ?? [])].map(
    (c) => c.name,
  );
  const unknown = names.filter((name) => !statuses.some((s) => s.name === name));
  const unready = names.filter((name) => statuses.some((s) => s.name === name && !s.ready));
  if (phase === 'Failed') return isFalse(type, 'PodFailed');
  if (phase === 'Succeeded' && unknown.length === 0) return isFalse(type, 'PodCompleted');
  const messages = [
    ...(unknown.length > 0 ? [`containers with unknown status: ${goList(unknown)}`] : []),
    ...(unready.length > 0 ? [`containers with unready status: ${goList(unready)}`] : []),
  ];
  return messages.length > 0 ? isFalse(type, 'ContainersNotReady', messages.join(', ')) : isTrue(type);
}

/** Ready is ContainersReady, and every readiness gate True. */
function computeReady(pod: Pod, foreign: readonly PodCondition[], containersReady: Draft): Draft {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' };
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = foreign.find(({ type }) => type === conditionType);
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (gate.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`];
  });
  return messages.length > 0 ? isFalse('Ready', 'ReadinessGatesNotReady', messages.join(', ')) : isTrue('Ready');
}

/** Whether the pod's own Ready condition, as the API has it, no longer says what its gates do. */
export function readinessIsStale(pod: Pod): boolean {
  if ((pod.spec?.readinessGates ?? []).length === 0) return false;
  const conditions = pod.status?.conditions ?? [];
  const now = conditions.find(({ type }) => type === 'Ready');
  const containers = conditions.find(({ type }) => type === 'ContainersReady');
  if (now === undefined || containers === undefined) return false;
  const wanted = computeReady(pod, conditions, containers as Draft);
  return now.status !== wanted.status || (now.message ?? '') !== (wanted.message ?? '');
}

function computeInitialized({ pod, old, init, regular, phase }: ConditionInputs): Draft {
  const type = 'Initialized';
  const inits = pod.spec?.initContainers ?? [];
  const statusOf = (name: string) => init.find((s) => s.name === name);
  const unknown = inits.filter(({ name }) => statusOf(name) === undefined).map(({ name }) => name);
  const incomplete = inits
    .filter((c) => {
      const status = statusOf(c.name);
      return status !== undefined && !(isSidecar(c) ? status.started : status.ready);
    })
    .map(({ name }) => name);
  if (phase === 'Succeeded' && unknown.length === 0) return { ...isTrue(type), reason: 'PodCompleted' };
  const anyStarted = regular.some(
    ({ state, lastState }) =>
      state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined,
  );
  if (anyStarted) return isTrue(type);
  const messages = [
    ...(unknown.length > 0 ? [`containers with unknown status: ${goList(unknown)}`] : []),
    ...(incomplete.length > 0 ? [`containers with incomplete status: ${goList(incomplete)}`] : []),
  ];
  if (messages.length === 0) return isTrue(type);
  const wasInitialized = old.conditions?.some((c) => c.type === type && c.status === 'True');
  if (wasInitialized && couldRestartAll(pod)) return isTrue(type);
  return isFalse(type, 'ContainersNotInitialized', messages.join(', '));
}

/** Whether a restart rule has asked for all containers to start anew, and that is not done yet. */
export function isRestartingAll(pod: Pod, seen: ObservedPod, old: PodStatus): boolean {
  if (!couldRestartAll(pod)) return false;
  if (old.conditions?.some(({ type, status }) => type === 'AllContainersRestarting' && status === 'True')) return true;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.some((container) => {
    const newest = seen.containers.find(({ name }) => name === container.name);
    return (
      newest?.state === 'exited' && matchingRestartRule(container, newest.exitCode)?.action === restartAllContainers
    );
  });
}

function computeAllRestarting(pod: Pod, seen: ObservedPod, old: PodStatus, phase: Phase): Draft {
  const type = 'AllContainersRestarting';
  if (phase === 'Succeeded') return isFalse(type, 'PodCompleted');
  if (phase === 'Failed') return isFalse(type, 'PodFailed');
  const names = new Set([...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map(({ name }) => name));
  const cleared = !seen.containers.some(({ name }) => names.has(name));
  if (cleared || !isRestartingAll(pod, seen, old)) return { type, status: 'False' };
  const message = 'container exited with restart policy rule';
  return { type, status: 'True', reason: 'RestartAllContainersStarted', message };
}
