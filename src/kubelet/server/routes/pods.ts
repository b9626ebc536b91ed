import type { Pod, PodStatus } from '../../../api/types.ts';
import type { PodCache, PodCatalog } from '../../parts.ts';
import { isStaticPod, uidOf } from '../../pod-facts.ts';
import { type Route, sendJson } from '../router.ts';

export interface PodsOptions {
  readonly catalog: PodCatalog;
  readonly cache: PodCache;
  readonly statusOf: (uid: string) => PodStatus | undefined;
}

const list = (items: readonly unknown[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });

/** /pods: what should run here; /runningpods/: what the runtime has. */
export function podRoutes({ catalog, cache, statusOf }: PodsOptions): readonly Route[] {
  /** Items of a list do not say their kind again. */
  const shown = ({ kind: _kind, apiVersion: _version, ...pod }: Pod): Pod => {
    const status = isStaticPod(pod) ? statusOf(uidOf(pod)) : undefined;
    return status === undefined ? pod : { ...pod, status };
  };
  const pods: Route['handle'] = ({ response }) => sendJson(response, list(catalog.pods().map(shown)));
  return [
    { path: '/pods', methods: ['GET'], handle: pods },
    { path: '/pods/', methods: ['GET'], handle: pods },
    {
      path: '/runningpods/',
      methods: ['GET'],
      debug: true,
      handle({ response }) {
        const running = cache.all().filter(({ containers }) => containers.some(({ state }) => state === 'running'));
        const items = running.map(({ uid, name, namespace, containers }) => ({
          metadata: { name, namespace, uid },
          spec: {
            containers: containers
              .filter(({ state }) => state === 'running')
              .map((c) => ({ name: c.name, image: c.imageRef, resources: {} })),
          },
          status: {},
        }));
        sendJson(response, list(items));
      },
    },
  ];
}
