import { join } from 'node:path';
import type { Instant } from '../../../base/clock.ts';
import { messageOf } from '../../../base/errors.ts';
import type { CriRuntime } from '../../../cri/port.ts';
import type { PodCache, PodCatalog } from '../../parts.ts';
import { findContainer, fullNameOf, uidOf } from '../../pod-facts.ts';
import { type Route, sendJson, sendText } from '../router.ts';

export interface CheckpointOptions {
  readonly cri: Pick<CriRuntime, 'checkpointContainer'>;
  readonly catalog: Pick<PodCatalog, 'byFullName' | 'translateUid'>;
  readonly cache: Pick<PodCache, 'get'>;
  /** `<root>/checkpoints` */
  readonly folder: string;
  readonly now: () => Instant;
}

/** POST /checkpoint/…: the runtime writes what a container is at this moment to a file; the answer says which. */
export const checkpointRoute = ({ cri, catalog, cache, folder, now }: CheckpointOptions): Route => ({
  path: '/checkpoint/{namespace}/{pod}/{container}',
  methods: ['POST'],
  debug: true,
  async handle({ response, params, url }) {
    const { namespace = '', pod: podName = '', container: name = '' } = params;
    const pod = catalog.byFullName(namespace, podName);
    if (pod === undefined) return sendText(response, 404, 'pod does not exist');
    if (findContainer(pod, name) === undefined) return sendText(response, 404, `container ${name} does not exist`);
    const timeout = url.searchParams.getAll('timeout').at(-1) ?? '0';
    if (!/^[+-]?\d+$/.test(timeout)) return sendText(response, 404, 'cannot parse value of timeout parameter');
    const found = cache
      .get(catalog.translateUid(uidOf(pod)))
      ?.containers.find((container) => container.name === name && container.state === 'running');
    const at = `${new Date(now()).toISOString().slice(0, 19)}Z`;
    const location = join(folder, `checkpoint-${fullNameOf(pod)}-${name}-${at}.tar`);
    try {
      if (found === undefined) throw new Error(`container ${name} not found`);
      await cri.checkpointContainer(found.id, location, Number(timeout));
    } catch (error) {
      const what = `${namespace}/${podName}/${name}`;
      return sendText(response, 500, `checkpointing of ${what} failed (${messageOf(error)})`);
    }
    sendJson(response, { items: [location] });
  },
});
