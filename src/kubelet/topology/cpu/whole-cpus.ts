import type { Pod } from '../../../api/types.ts';
import type { RunnableContainer } from '../../parts.ts';
import { isSidecar } from '../../pod-facts.ts';
import { milliOf } from '../../quantity.ts';
import { computeQosClass } from '../../resources/qos.ts';

const hasPodLevelResources = (pod: Pod): boolean =>
  Object.keys(pod.spec?.resources?.requests ?? {}).length > 0 ||
  Object.keys(pod.spec?.resources?.limits ?? {}).length > 0;

/** Whether containers of the pod may have resources for themselves: it is guaranteed what it asks for, container by container. */
export const mayHaveOwn = (pod: Pod): boolean => computeQosClass(pod) === 'Guaranteed' && !hasPodLevelResources(pod);

/** How many CPUs the container is to have for itself: those it asks for when they are whole, otherwise none. */
export function wholeCpusOf(pod: Pod, container: RunnableContainer): number {
  if (!mayHaveOwn(pod)) return 0;
  const milli = milliOf(container.resources?.requests?.cpu ?? container.resources?.limits?.cpu);
  return milli % 1000 === 0 ? milli / 1000 : 0;
}

/** The most of something that the pod needs at any time: init containers end before the next one starts. */
export function mostAtOnce(pod: Pod, of: (container: RunnableContainer) => number): number {
  let sidecars = 0;
  let starting = 0;
  for (const container of pod.spec?.initContainers ?? []) {
    if (isSidecar(container)) sidecars += of(container);
    else starting = Math.max(starting, sidecars + of(container));
  }
  const running = (pod.spec?.containers ?? []).reduce((sum, container) => sum + of(container), sidecars);
  return Math.max(starting, running);
}
