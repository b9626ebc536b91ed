import type { Meters } from '../../journal/projection.ts';
import type { PodCache, PodCatalog, StatusManager } from '../parts.ts';
import { isStaticPod, isTerminalPhase, uidOf } from '../pod-facts.ts';

/** `RunPodSandbox` → `run_podsandbox`: how upstream's metrics call the runtime's methods. */
export const operationType = (method: string): string =>
  method
    .replace(/PodSandbox/g, 'Podsandbox')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

export interface PodGaugesOptions {
  readonly meters: Meters;
  readonly cache: PodCache;
  readonly catalog: PodCatalog;
  readonly statuses: Pick<StatusManager, 'get'>;
}

/** Counts pods and containers as they are now; called before the metrics are shown. */
export function podGauges({ meters, cache, catalog, statuses }: PodGaugesOptions): () => void {
  return () => {
    const states = { running: 0, exited: 0, created: 0, unknown: 0 };
    let running = 0;
    for (const pod of cache.all()) {
      if (pod.sandboxes[0]?.ready === true) running += 1;
      for (const { state } of pod.containers) states[state] += 1;
    }
    meters.gauge('kubelet_running_pods', running);
    for (const [state, count] of Object.entries(states))
      meters.gauge('kubelet_running_containers', count, { container_state: state });
    const count = (isStatic: boolean, active: boolean): number =>
      catalog
        .pods()
        .filter(
          (pod) => isStaticPod(pod) === isStatic && (!active || !isTerminalPhase(statuses.get(uidOf(pod))?.phase)),
        ).length;
    for (const isStatic of [true, false]) {
      const labels = { static: isStatic ? 'true' : '' };
      meters.gauge('kubelet_desired_pods', count(isStatic, false), labels);
      meters.gauge('kubelet_active_pods', count(isStatic, true), labels);
    }
    meters.gauge('kubelet_mirror_pods', catalog.pods().filter((pod) => catalog.mirrorOf(pod) !== undefined).length);
  };
}
