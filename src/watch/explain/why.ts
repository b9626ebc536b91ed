import type { ContainerStatus, Node, Pod } from '../../api/types.ts';
import type { Step } from '../story/index.ts';

/** What is known of a pod when its state is explained. */
export interface Known {
  readonly pod: Pod;
  /** The node it is bound to, as the API server has it. */
  readonly node: Node | undefined;
  /** Oldest first. */
  readonly steps: readonly Step[];
}

/** In one or more sentences, why a pod is as it is; the first is the answer, the others what it rests on. */
export function explainState(known: Known): readonly string[] {
  const { pod, node } = known;
  const { status, metadata, spec } = pod;
  if (metadata?.deletionTimestamp !== undefined) return terminating(known);
  if (spec?.nodeName === undefined || spec.nodeName === '') return notScheduled(pod);
  if (status?.phase === 'Succeeded') return ['It ran to its end: all containers exited with 0.'];
  if (status?.phase === 'Failed') return ended(pod);
  const silent = nodeNotReady(node);
  const own = containersWhy(known);
  if (own.length > 0) return [...own, ...silent];
  if (silent.length > 0) return silent;
  return running(known);
}

function notScheduled({ status, spec }: Pod): readonly string[] {
  const gates = spec?.schedulingGates ?? [];
  if (gates.length > 0) {
    return [
      `It waits to be scheduled until its scheduling gates are taken away: ${gates.map((g) => g.name).join(', ')}.`,
    ];
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False')
    return [`No node takes it: ${sentence(scheduled.message ?? scheduled.reason ?? '')}`];
  return ['It is not scheduled yet: is a scheduler running? `kubectl -n kube-system get pods` shows it.'];
}

function terminating({ pod, node, steps }: Known): readonly string[] {
  const finalizers = pod.metadata?.finalizers ?? [];
  const grace = pod.metadata?.deletionGracePeriodSeconds ?? 0;
  const running = statusesOf(pod).filter(({ state }) => state?.running !== undefined);
  const trouble = lastFailure(steps);
  return [
    `It is being deleted, since ${pod.metadata?.deletionTimestamp} at the latest (grace ${grace} s).`,
    ...(running.length > 0 ? [`Still running: ${running.map(({ name }) => name).join(', ')}.`] : []),
    ...(finalizers.length > 0 ? [`It stays until its finalizers are taken away: ${finalizers.join(', ')}.`] : []),
    ...nodeNotReady(node),
    ...(trouble === undefined ? [] : [trouble]),
  ];
}

function ended(pod: Pod): readonly string[] {
  const { reason, message } = pod.status ?? {};
  if (reason) return [`It failed: ${reason}${message ? `: ${sentence(message)}` : '.'}`];
  const failed = statusesOf(pod).flatMap(({ name, state }) =>
    state?.terminated !== undefined && state.terminated.exitCode !== 0
      ? [
          `Container ${name} ${exitOf(state.terminated)} and is not started again (restartPolicy ${pod.spec?.restartPolicy ?? 'Always'}).`,
        ]
      : [],
  );
  return failed.length > 0 ? failed : ['It failed; its status does not say why.'];
}

/** Init containers come first: what waits behind them is not worth a word. */
function containersWhy(known: Known): readonly string[] {
  const { status } = known.pod;
  const initWhy = (status?.initContainerStatuses ?? []).flatMap((each) => containerWhy(each, known));
  if (initWhy.length > 0) return initWhy.map((why) => `Init: ${why}`);
  return (status?.containerStatuses ?? []).flatMap((each) => containerWhy(each, known));
}

function containerWhy(
  { name, state, lastState, restartCount }: ContainerStatus,
  { pod, steps }: Known,
): readonly string[] {
  const last = lastState?.terminated;
  const before = last === undefined ? '' : ` It ${exitOf(last)} the last time.`;
  if (state?.waiting !== undefined) {
    const { reason = '', message = '' } = state.waiting;
    switch (reason) {
      case 'CrashLoopBackOff':
        return [
          `Container ${name} ends again and again (${restartCount === 1 ? '1 restart' : `${restartCount} restarts`}): it is started again after a back-off.${before}`,
        ];
      case 'ImagePullBackOff':
      case 'ErrImagePull':
        return [`Container ${name} has no image: ${sentence(message)}`];
      case 'ContainerCreating':
      case 'PodInitializing': {
        const trouble = lastFailure(steps);
        return trouble === undefined ? [] : [`Container ${name} is not started yet. ${trouble}`];
      }
      default:
        return [`Container ${name} waits: ${reason}${message === '' ? '.' : `: ${sentence(message)}`}`];
    }
  }
  if (state?.terminated !== undefined && state.terminated.exitCode !== 0) {
    return [`Container ${name} ${exitOf(state.terminated)} (restartPolicy ${pod.spec?.restartPolicy ?? 'Always'}).`];
  }
  return [];
}

const exitOf = ({ exitCode, reason, signal }: { exitCode: number; reason?: string; signal?: number }): string =>
  `exited with ${exitCode}${signal ? ` (signal ${signal})` : ''}${reason === 'OOMKilled' ? ', killed for want of memory' : ''}`;

function running({ pod, steps }: Known): readonly string[] {
  const condition = (type: string) => pod.status?.conditions?.find((each) => each.type === type);
  if (condition('Ready')?.status === 'True') return ['It runs and is ready.'];
  if (pod.status?.phase !== 'Running') {
    const trouble = lastFailure(steps);
    return [
      `It is ${pod.status?.phase ?? 'Pending'} on ${pod.spec?.nodeName}.`,
      ...(trouble === undefined ? [] : [trouble]),
    ];
  }
  const unready = (pod.status?.containerStatuses ?? []).filter(({ ready }) => !ready);
  if (unready.length > 0) {
    return unready.map(({ name, started }) => {
      const probe = steps.findLast(({ kind, container }) => kind === 'probe.attempted' && container === name);
      const what = started === false ? 'has not passed its startup probe' : 'is not ready';
      return `Container ${name} runs but ${what}${probe === undefined ? '.' : `: ${sentence(probe.text)}`}`;
    });
  }
  const gates = (pod.spec?.readinessGates ?? []).filter(
    ({ conditionType }) => condition(conditionType)?.status !== 'True',
  );
  return gates.length > 0
    ? [`It runs, but its readiness gates are not met: ${gates.map((gate) => gate.conditionType).join(', ')}.`]
    : [`It runs but is not ready: ${sentence(condition('Ready')?.message ?? 'its status does not say why')}`];
}

function nodeNotReady(node: Node | undefined): readonly string[] {
  if (node === undefined) return [];
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return [];
  return [`Its node ${node.metadata?.name} is not Ready: ${sentence(ready?.message ?? 'it has not said so yet')}`];
}

/** What went wrong last, unless something was started since. */
function lastFailure(steps: readonly Step[]): string | undefined {
  const at = steps.findLastIndex(({ stage }) => stage === 'failed' || stage === 'waits');
  const step = steps[at];
  if (step === undefined || steps.slice(at).some(({ kind }) => kind === 'pod.containerStarted')) return undefined;
  return `Last trouble: ${sentence(step.text)}`;
}

const statusesOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

/** Messages end as their writers liked. */
const sentence = (text: string): string => (/[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
