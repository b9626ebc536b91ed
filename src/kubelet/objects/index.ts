import type { KubeApi } from '../../api/port.ts';
import type { ConfigMap, Secret } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { PodObjects } from '../parts.ts';
import { uidOf } from '../pod-facts.ts';
import { objectCache } from './object-cache.ts';
import { tokenManager } from './tokens.ts';

export { serviceLister } from './services.ts';

export interface PodObjectsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly onChange: (podUids: readonly string[]) => void;
}

const decodeAll = (data: Readonly<Record<string, string>> | undefined): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));

/** What pods on this node refer to in the API. */
export function podObjects({ api, clock, onChange }: PodObjectsOptions): PodObjects {
  const cache = objectCache({ api, clock, onChange });
  const token = tokenManager(api, clock);
  return {
    async secret(namespace, name) {
      const secret = (await cache.get('secrets', namespace, name)) as Secret;
      return { data: decodeAll(secret.data), type: secret.type ?? 'Opaque' };
    },
    async configMap(namespace, name) {
      const map = (await cache.get('configmaps', namespace, name)) as ConfigMap;
      return { data: map.data ?? {}, binaryData: decodeAll(map.binaryData) };
    },
    token,
    register: (pod) => cache.register(pod),
    unregister(pod) {
      cache.unregister(pod);
      token.forget(uidOf(pod));
    },
  };
}
