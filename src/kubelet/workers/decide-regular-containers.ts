import type { Pod } from '../../api/types.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { restartsAfter, restartsAfterKill } from '../restart-policy.ts';
import type { PodAction } from './actions.ts';
import {
  type DecisionInputs,
  killUnknown,
  lastEnd,
  latest,
  type Plan,
  resizeRestart,
  startOrWait,
} from './decision.ts';

/** Regular containers, in the spec's order. Answers whether any is kept or started, that is: whether the pod goes on. */
export function decideRegularContainers(
  pod: Pod,
  seen: ObservedPod,
  inputs: DecisionInputs,
  plan: Plan,
  initStarts: readonly PodAction[],
): boolean {
  const starts: PodAction[] = [];
  let kept = 0;
  for (const container of pod.spec?.containers ?? []) {
    const status = latest(seen, container.name);
    if (status?.state !== 'running') {
      const because = reasonToStart(container, status, pod);
      if (because === undefined) continue;
      if (status?.state === 'unknown') plan.kills.push(killUnknown(status, 'Container'));
      starts.push(startOrWait('containers', container, lastEnd(seen, container.name), because, inputs));
      continue;
    }
    const reason = reasonToKill(container, status, inputs);
    if (reason === undefined) {
      kept += 1;
      continue;
    }
    const comesBack = reason.changed || restartsAfterKill(container, pod);
    plan.kills.push({
      kind: 'killContainer',
      id: status.id,
      container: container.name,
      message: `Container ${container.name} ${reason.because}${comesBack && reason.because !== resizeRestart ? ', will be restarted' : ''}`,
      because: reason.because,
      ...(reason.probe === undefined ? {} : { probe: reason.probe }),
    });
    if (comesBack) {
      starts.push(startOrWait('containers', container, lastEnd(seen, container.name), reason.because, inputs));
    }
  }
  if (kept === 0 && starts.length === 0) return false;
  plan.starts.push(...initStarts, ...starts);
  return true;
}

function reasonToStart(
  container: RunnableContainer,
  status: ObservedContainer | undefined,
  pod: Pod,
): string | undefined {
  if (pod.metadata?.deletionTimestamp !== undefined) return undefined;
  switch (status?.state) {
    case undefined:
      return 'it was never started';
    case 'running':
      return undefined;
    case 'created':
      return 'it was created but never started';
    case 'unknown':
      return 'its state is unknown';
    case 'exited':
      return restartsAfter(container, pod, status.exitCode) ? `it exited with ${status.exitCode}` : undefined;
  }
}

function reasonToKill(
  container: RunnableContainer,
  status: ObservedContainer,
  { hashOf, liveness, startup, resize }: DecisionInputs,
): { because: string; changed?: true; probe?: 'liveness' | 'startup' } | undefined {
  if (status.hash !== hashOf(container)) return { because: 'definition changed', changed: true };
  if (liveness(status.id) === 'failure') return { because: 'failed liveness probe', probe: 'liveness' };
  if (startup(status.id) === 'failure') return { because: 'failed startup probe', probe: 'startup' };
  if (resize.restarts.has(container.name)) return { because: resizeRestart, changed: true };
  return undefined;
}
