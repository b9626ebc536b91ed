import { informer } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Service } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { ServiceLister } from '../parts.ts';

/** All services, for the environment of containers. Runs until the signal aborts. */
export function serviceLister(api: KubeApi, clock: Clock): ServiceLister & { run(signal: AbortSignal): Promise<void> } {
  /** Kept by namespace: that is how each container asks. */
  const byNamespace = new Map<string, Map<string, Service>>();

  function place(before: Service | undefined, after: Service | undefined): void {
    const { namespace = '', name = '' } = (after ?? before)?.metadata ?? {};
    const services = byNamespace.get(namespace) ?? new Map<string, Service>();
    if (after === undefined) services.delete(name);
    else services.set(name, after);
    if (services.size === 0) byNamespace.delete(namespace);
    else byNamespace.set(namespace, services);
  }

  const services = informer<Service>({ api, path: '/api/v1/services', clock, onChange: place });
  return {
    synced: () => services.synced(),
    list: (namespace) => [...(byNamespace.get(namespace)?.values() ?? [])],
    run: (signal) => services.run(signal),
  };
}
