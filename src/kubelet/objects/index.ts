import type { KubeApi } from '../../api/port.ts';
import type { ConfigMap, Node, Secret } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodObjects } from '../parts.ts';
import { uidOf } from '../pod-facts.ts';
import { objectCache } from './object-cache.ts';
import { type PodCertificates, podCertificates } from './pod-certificates.ts';
import { tokenManager } from './tokens.ts';
import { type TrustAnchors, trustAnchors } from './trust-anchors.ts';

export type { PodCertificates } from './pod-certificates.ts';
export { serviceLister } from './services.ts';
export type { TrustAnchors, TrustAnchorsSource } from './trust-anchors.ts';

export interface PodObjectsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly onChange: (podUids: readonly string[]) => void;
  /** Whether volumes may show ClusterTrustBundles. */
  readonly showTrustBundles: boolean;
  /** For pods' certificates; absent: pods get none. */
  readonly certificates?:
    | { readonly journal: Journal; readonly nodeName: string; readonly node: () => Node | undefined }
    | undefined;
}

/** The objects, and what else volumes are made from. */
export interface AllPodObjects extends PodObjects {
  /** Undefined: this kubelet shows no ClusterTrustBundles. */
  readonly trustAnchors: TrustAnchors | undefined;
  /** Undefined: this kubelet asks for no certificates for pods. */
  readonly podCertificates: PodCertificates | undefined;
}

const decodeAll = (data: Readonly<Record<string, string>> | undefined): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));

/** What pods on this node refer to in the API. */
export function podObjects(options: PodObjectsOptions): AllPodObjects {
  const { api, clock, onChange, showTrustBundles } = options;
  const cache = objectCache({ api, clock, onChange });
  const token = tokenManager(api, clock);
  const anchors = showTrustBundles ? trustAnchors({ api, clock, onChange }) : undefined;
  const certificates = options.certificates && podCertificates({ api, clock, onChange, ...options.certificates });
  return {
    trustAnchors: anchors,
    podCertificates: certificates,
    async secret(namespace, name) {
      const secret = (await cache.get('secrets', namespace, name)) as Secret;
      return { data: decodeAll(secret.data), type: secret.type ?? 'Opaque', uid: secret.metadata?.uid };
    },
    async configMap(namespace, name) {
      const map = (await cache.get('configmaps', namespace, name)) as ConfigMap;
      return { data: map.data ?? {}, binaryData: decodeAll(map.binaryData) };
    },
    token,
    register(pod) {
      cache.register(pod);
      anchors?.register(pod);
      certificates?.register(pod);
    },
    unregister(pod) {
      cache.unregister(pod);
      anchors?.unregister(pod);
      certificates?.unregister(pod);
      token.forget(uidOf(pod));
    },
  };
}
