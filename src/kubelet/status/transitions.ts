import type { ContainerStatus, Pod, PodStatus } from '../../api/types.ts';
import type { RunnableContainer } from '../parts.ts';
import { isSidecar } from '../pod-facts.ts';
import { couldRestartAll, restartsAfter } from '../restart-policy.ts';

/** A sentence when the new status takes back a container's end that was final; undefined when all is well. */
export function findIllegalTransition(pod: Pod, old: PodStatus, status: PodStatus): string | undefined {
  if (pod.spec?.restartPolicy === 'Always' || couldRestartAll(pod)) return undefined;
  const inits = (pod.spec?.initContainers ?? []).filter((c) => !isSidecar(c));
  return (
    findIn(pod, pod.spec?.containers ?? [], old.containerStatuses, status.containerStatuses, 'container') ??
    findIn(pod, inits, old.initContainerStatuses, status.initContainerStatuses, 'init container')
  );
}

function findIn(
  pod: Pod,
  containers: readonly RunnableContainer[],
  old: readonly ContainerStatus[] = [],
  now: readonly ContainerStatus[] = [],
  what: string,
): string | undefined {
  for (const container of containers) {
    const end = old.find(({ name }) => name === container.name)?.state?.terminated;
    if (end === undefined || restartsAfter(container, pod, end.exitCode)) continue;
    const status = now.find(({ name }) => name === container.name);
    if (status !== undefined && status.state?.terminated === undefined) {
      return `terminated ${what} ${container.name} attempted illegal transition to non-terminated state`;
    }
  }
  return undefined;
}
