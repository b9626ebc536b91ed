import type { Pod } from '../../api/types.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { restartsAfter, restartsAfterKill } from '../restart-policy.ts';
import { activeContainers, anyRegularContainerActive } from '../sandbox-state.ts';
import type { PodAction } from './actions.ts';
import { type DecisionInputs, killUnknown, lastEnd, type Plan, resizeRestart, startOrWait } from './decision.ts';

/**
 * Init containers, read from the last to the first: finished ones may be gone from the runtime, so the last that is
 * known tells how far the pod has come. Answers whether regular containers may run.
 */
export function decideInitContainers(
  pod: Pod,
  seen: ObservedPod,
  inputs: DecisionInputs,
  plan: Plan,
): 'done' | 'waiting' | 'failed' {
  const inits = pod.spec?.initContainers ?? [];
  if (inits.length === 0) return 'done';
  const active = activeContainers(seen);
  const starts: PodAction[] = [];
  let initialized = anyRegularContainerActive(pod, seen);
  let laterKnown = initialized;
  const startNext = (i: number, because: string) => {
    const next = inits[i];
    if (next !== undefined) starts.push(startOrWait('initContainers', next, lastEnd(seen, next.name), because, inputs));
  };

  for (let i = inits.length - 1; i >= 0; i -= 1) {
    const container = inits[i] as RunnableContainer;
    const status = active.find(({ name }) => name === container.name);
    const sidecar = container.restartPolicy === 'Always';
    if (status === undefined) {
      if (laterKnown && sidecar) startNext(i, 'a sidecar stays up, and it is gone from the runtime');
      continue;
    }
    if (laterKnown && !sidecar) continue;
    const isLast = i === inits.length - 1;
    const step = judgeInitContainer(container, status, pod, inputs);
    switch (step.kind) {
      case 'failed':
        return 'failed';
      case 'restart':
        if (step.kill !== undefined) plan.kills.push(step.kill);
        if (step.ready) {
          if (isLast) initialized = true;
          else if (!laterKnown) startNext(i + 1, `init container ${container.name} is up`);
        }
        startNext(i, step.because);
        break;
      case 'finished':
        if (isLast) initialized = true;
        else if (!laterKnown) startNext(i + 1, `init container ${container.name} is done`);
        break;
      case 'wait':
        break;
    }
    laterKnown = true;
  }
  if (!laterKnown) startNext(0, 'the pod is not initialized');
  plan.starts.push(...starts.reverse());
  return initialized ? 'done' : 'waiting';
}

type InitStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed' }
  | {
      readonly kind: 'restart';
      readonly because: string;
      readonly kill?: PodAction;
      /** It had come up, so it does not hold back those after it. */
      readonly ready?: boolean;
    };

function judgeInitContainer(
  container: RunnableContainer,
  status: ObservedContainer,
  pod: Pod,
  inputs: DecisionInputs,
): InitStep {
  const sidecar = container.restartPolicy === 'Always';
  switch (status.state) {
    case 'created':
      return { kind: 'restart', because: 'it was created but never started' };
    case 'running':
      return sidecar ? judgeRunningSidecar(container, status, inputs) : { kind: 'wait' };
    case 'exited':
      if (sidecar) return { kind: 'restart', because: 'a sidecar stays up' };
      if (status.exitCode === 0) return { kind: 'finished' };
      if (!restartsAfter(container, pod, status.exitCode)) return { kind: 'failed' };
      return { kind: 'restart', because: `init container exited with ${status.exitCode}` };
    case 'unknown':
      if (!sidecar && !restartsAfterKill(container, pod)) return { kind: 'failed' };
      return { kind: 'restart', because: 'its state is unknown', kill: killUnknown(status, 'Init container') };
  }
}

function judgeRunningSidecar(
  container: RunnableContainer,
  status: ObservedContainer,
  { startup, liveness, hashOf, resize }: DecisionInputs,
): InitStep {
  const restart = (because: string, ready: boolean, probe?: 'liveness' | 'startup'): InitStep => ({
    kind: 'restart',
    because,
    ready,
    kill: {
      kind: 'killContainer',
      id: status.id,
      container: container.name,
      message: `${because === resizeRestart ? 'Container' : 'Init container'} ${container.name} ${because}`,
      because,
      ...(probe === undefined ? {} : { probe }),
    },
  });
  if (container.startupProbe !== undefined) {
    const result = startup(status.id);
    if (result === 'failure') return restart('failed startup probe', false, 'startup');
    if (result !== 'success') return { kind: 'wait' };
  }
  if (status.hash !== hashOf(container)) return restart('definition changed', true);
  if (container.livenessProbe !== undefined && liveness(status.id) === 'failure') {
    return restart('failed liveness probe', true, 'liveness');
  }
  if (resize.restarts.has(container.name)) return restart(resizeRestart, true);
  return { kind: 'finished' };
}
