import type { Pod } from '../../api/types.ts';

export type ResizeStage = 'started' | 'completed' | 'error' | 'Deferred' | 'Infeasible';

/** The text of a resize's Event: what the pod's containers are to have, as JSON that tools read. */
export function renderResizeMessage(stage: ResizeStage, pod: Pod, generation: number, error = ''): string {
  const summary = (containers: readonly { name: string; resources?: unknown }[] | undefined) =>
    containers?.map(({ name, resources }) => ({ name, resources: resources ?? {} }));
  const init = summary(pod.spec?.initContainers);
  return `Pod resize ${stage}: ${JSON.stringify({
    ...(init === undefined ? {} : { initContainers: init }),
    containers: summary(pod.spec?.containers),
    generation,
    ...(error === '' ? {} : { error }),
  })}`;
}
