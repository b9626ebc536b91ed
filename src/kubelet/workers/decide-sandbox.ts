import type { Pod } from '../../api/types.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { RunnableContainer } from '../parts.ts';
import { matchingRestartRule, restartAllContainers } from '../restart-policy.ts';
import type { judgeSandbox } from '../sandbox-state.ts';
import type { PodAction } from './actions.ts';
import { type DecisionInputs, killPodUnlessStopped, lastEnd, latest, startOrWait } from './decision.ts';

/** What to do when the pod has no sandbox that can be used. */
export function decideNewSandbox(
  pod: Pod,
  seen: ObservedPod,
  verdict: Extract<ReturnType<typeof judgeSandbox>, { kind: 'needed' }>,
  inputs: DecisionInputs,
): readonly PodAction[] {
  const { because, attempt, replaces } = verdict;
  if (pod.spec?.restartPolicy === 'Never' && attempt !== 0 && seen.containers.length > 0) {
    return killPodUnlessStopped(seen, `${because}, and the pod runs only once`);
  }
  const toStart = (pod.spec?.containers ?? []).filter((c) => !succeededForGood(c, pod, latest(seen, c.name)));
  const everInitialized = pod.spec?.containers.some(({ name }) => latest(seen, name) !== undefined);
  if (toStart.length === 0 && everInitialized) {
    return killPodUnlessStopped(seen, `${because}, and every container has completed`);
  }
  const clear: PodAction[] = replaces === undefined ? [] : [{ kind: 'killPod', because }];
  const create: PodAction = { kind: 'createSandbox', attempt, replaces: replaces?.id, because };
  const firstInit = pod.spec?.initContainers?.[0];
  if (firstInit === undefined) {
    const starts = toStart.map((c) =>
      startOrWait('containers', c, lastEnd(seen, c.name), 'the sandbox is new', inputs),
    );
    return [...clear, create, ...starts];
  }
  const names = new Set(pod.spec?.initContainers?.map(({ name }) => name));
  const purge = seen.containers
    .filter(({ name }) => names.has(name))
    .map(
      ({ id, name }): PodAction => ({
        kind: 'removeContainer',
        id,
        container: name,
        because: 'it belongs to the old sandbox',
      }),
    );
  const ended = lastEnd(seen, firstInit.name);
  return [...clear, ...purge, create, startOrWait('initContainers', firstInit, ended, 'the sandbox is new', inputs)];
}

/** Under OnFailure a container that exited 0 has done its work, whatever becomes of the sandbox. */
const succeededForGood = (c: RunnableContainer, pod: Pod, last: ObservedContainer | undefined): boolean =>
  (c.restartPolicy ?? pod.spec?.restartPolicy) === 'OnFailure' && last?.state === 'exited' && last.exitCode === 0;

/** All containers go, those that asked for it last, so that a crash half-way finds the reason again. */
export function decideReset(pod: Pod, seen: ObservedPod): readonly PodAction[] {
  const because = 'a container’s restart rule restarts all containers';
  const reset = (containers: readonly RunnableContainer[]) =>
    containers.flatMap((spec) =>
      seen.containers
        .filter(({ name }) => name === spec.name)
        .map((c) => ({
          source: c.state === 'exited' && matchingRestartRule(spec, c.exitCode)?.action === restartAllContainers,
          action: {
            kind: 'resetContainer' as const,
            id: c.id,
            container: c.name,
            running: c.state !== 'exited',
            because,
          },
        })),
    );
  const all = [...reset(pod.spec?.containers ?? []), ...reset(pod.spec?.initContainers ?? [])];
  return [...all.filter(({ source }) => !source), ...all.filter(({ source }) => source)].map(({ action }) => action);
}
