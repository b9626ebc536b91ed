import type { KubeApi } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';
import type { Clock, Instant } from '../../base/clock.ts';

interface RuntimeClass {
  readonly handler: string;
}

/** A class cannot change its handler, but it can be removed and made anew. */
const keptMs = 60_000;

/** Answers the runtime's handler for a pod: empty without a class. Rejects with the API's words when there is no such class. */
export function runtimeClasses(api: KubeApi | undefined, clock: Clock): (pod: Pod) => Promise<string> {
  const known = new Map<string, { readonly handler: string; readonly at: Instant }>();
  return async (pod) => {
    const name = pod.spec?.runtimeClassName;
    if (name === undefined || name === '') return '';
    const kept = known.get(name);
    if (kept !== undefined && clock.now() - kept.at < keptMs) return kept.handler;
    if (api === undefined) throw new Error(`runtimeclass.node.k8s.io ${JSON.stringify(name)} not found`);
    const { handler } = await api.get<RuntimeClass>(`/apis/node.k8s.io/v1/runtimeclasses/${name}`);
    known.set(name, { handler, at: clock.now() });
    return handler;
  };
}
