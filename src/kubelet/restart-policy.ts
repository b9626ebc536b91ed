import type { Pod } from '../api/types.ts';
import type { RunnableContainer } from './parts.ts';

/** When a container comes back after it ended: the container's own rules, then its own policy, then the pod's. */

type RestartRule = NonNullable<RunnableContainer['restartPolicyRules']>[number];

export const restartAllContainers = 'RestartAllContainers';

/** The first of the container's rules that speaks of this exit code. Rules count only beside a policy of its own. */
export function matchingRestartRule(container: RunnableContainer, exitCode: number): RestartRule | undefined {
  if (container.restartPolicy === undefined) return undefined;
  return container.restartPolicyRules?.find(({ exitCodes }) => {
    if (exitCodes === undefined) return false;
    const listed = exitCodes.values?.includes(exitCode) ?? false;
    return exitCodes.operator === 'In' ? listed : !listed;
  });
}

/** Whether a container that ended with this exit code is to be started again. */
export function restartsAfter(container: RunnableContainer, pod: Pod, exitCode: number): boolean {
  if (matchingRestartRule(container, exitCode) !== undefined) return true;
  switch (container.restartPolicy ?? pod.spec?.restartPolicy) {
    case 'Never':
      return false;
    case 'OnFailure':
      return exitCode !== 0;
    default:
      return true;
  }
}

/** Whether a container that is killed while it runs (failed probe, unknown state) is to be started again. */
export const restartsAfterKill = (container: RunnableContainer, pod: Pod): boolean =>
  (container.restartPolicy ?? pod.spec?.restartPolicy) !== 'Never';

/** Whether some exit of some container would restart the whole pod in place. */
export const couldRestartAll = (pod: Pod): boolean =>
  [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].some((container) =>
    container.restartPolicyRules?.some(({ action }) => action === restartAllContainers),
  );
