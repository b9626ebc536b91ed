import type { Pod } from '../../api/types.ts';
import type { ObservedPod } from '../observed.ts';
import { judgeSandbox } from '../sandbox-state.ts';
import type { PodAction } from './actions.ts';
import { decideInitContainers } from './decide-init-containers.ts';
import { decideRegularContainers } from './decide-regular-containers.ts';
import type { ResizeDecision } from './decide-resize.ts';
import { decideNewSandbox, decideReset } from './decide-sandbox.ts';
import { type DecisionInputs, killPodUnlessStopped, latest, type Plan, start } from './decision.ts';

export type { DecisionInputs } from './decision.ts';

/** What to do now to bring the pod from what was seen of it to what its spec says, in this order. */
export function decidePodActions(pod: Pod, seen: ObservedPod, inputs: DecisionInputs): readonly PodAction[] {
  const verdict = judgeSandbox(pod, seen);
  if (inputs.restartingAll) return decideReset(pod, seen);
  if (verdict.kind === 'needed') return decideNewSandbox(pod, seen, verdict, inputs);

  const plan: Plan = { kills: [], starts: [] };
  for (const container of pod.spec?.ephemeralContainers ?? []) {
    if (latest(seen, container.name) === undefined) {
      plan.starts.push(start('ephemeralContainers', container.name, false, 'it was never started'));
    }
  }
  const initStarts: PodAction[] = [];
  const initialized = decideInitContainers(pod, seen, inputs, { ...plan, starts: initStarts });
  if (initialized === 'failed') return [{ kind: 'killPod', because: 'an init container failed for good' }];
  if (initialized === 'waiting') {
    const starts = [...plan.starts, ...initStarts];
    return [...plan.kills, ...prune(pod, seen, initStarts), ...resizeBefore(starts, inputs.resize), ...starts];
  }
  const kept = decideRegularContainers(pod, seen, inputs, plan, initStarts);
  if (!kept) return killPodUnlessStopped(seen, 'no container runs or is to be started');
  return [...plan.kills, ...prune(pod, seen, initStarts), ...resizeBefore(plan.starts, inputs.resize), ...plan.starts];
}

/** The pod's cgroup is to have room before containers start in it. */
function resizeBefore(starts: readonly PodAction[], resize: ResizeDecision): readonly PodAction[] {
  const startsResized = starts.some(
    (action) => action.kind === 'startContainer' && resize.onStart.has(action.container),
  );
  if (!resize.underWay && !startsResized) return [];
  return [{ kind: 'resizePod', updates: resize.updates, because: 'the pod was granted other resources' }];
}

/** Of init containers that start again, or have more than one past, only the newest past stays. */
function prune(pod: Pod, seen: ObservedPod, starts: readonly PodAction[]): readonly PodAction[] {
  if (starts.length === 0) return [];
  return (pod.spec?.initContainers ?? []).flatMap(({ name }) =>
    seen.containers
      .filter((c) => c.name === name && (c.state === 'exited' || c.state === 'unknown'))
      .slice(1)
      .map(({ id }): PodAction => ({ kind: 'removeContainer', id, container: name, because: 'a newer one is known' })),
  );
}
