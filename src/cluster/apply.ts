import { isAlreadyExists, isNotFound, isUnreachable } from '../api/errors.ts';
import type { ApiObject, KubeApi } from '../api/port.ts';
import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { applyFailed } from './errors.ts';

const irregularPlurals: Readonly<Record<string, string>> = {
  StorageClass: 'storageclasses',
  Ingress: 'ingresses',
  NetworkPolicy: 'networkpolicies',
};

/** Where objects of this kind are created: `/apis/apps/v1/namespaces/kube-system/deployments`. */
export function collectionPath({ apiVersion = 'v1', kind = '', metadata }: ApiObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata?.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${group}${namespace}/${irregularPlurals[kind] ?? `${kind.toLowerCase()}s`}`;
}

const describe = ({ kind, metadata }: ApiObject): string =>
  `${kind} ${metadata?.namespace ? `${metadata.namespace}/` : ''}${metadata?.name}`;

/** A new API server answers before its own namespaces and roles are there. */
const retry = { firstMs: 50, factor: 1.5, maxMs: 1000 };
const maxTries = 25;

/** Creates objects side by side; one that exists already is left as it is. Throws APPLY_FAILED. */
export async function applyObjects(
  api: KubeApi,
  objects: readonly ApiObject[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const results = await Promise.allSettled(objects.map((object) => applyOne(api, object, clock, signal)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function applyOne(api: KubeApi, object: ApiObject, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await api.create(collectionPath(object), object, { signal });
      return;
    } catch (error) {
      if (isAlreadyExists(error)) return;
      signal.throwIfAborted();
      if (tries >= maxTries || !(isNotFound(error) || isUnreachable(error))) throw applyFailed(describe(object), error);
      await clock.sleep(backoffMs(retry, tries), signal);
    }
  }
}
