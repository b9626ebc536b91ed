import * as z from 'zod';
import { isNotFound } from '../../../api/errors.ts';
import type { ApiObject, KubeApi } from '../../../api/port.ts';

const resourceList = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

/** Where objects of any kind are, as the API server itself says. */
export interface ResourcePaths {
  /** `/apis/apps/v1/namespaces/kube-system/daemonsets/NAME`; undefined while the server does not know the kind. */
  pathOf(object: ApiObject): Promise<string | undefined>;
}

/** Asks for each group once, and again only for kinds that were not there: their definition may have come since. */
export function resourcePaths(api: KubeApi, signal: AbortSignal): ResourcePaths {
  const known = new Map<string, { readonly name: string; readonly namespaced: boolean }>();

  async function discover(apiVersion: string): Promise<void> {
    try {
      const { resources } = resourceList.parse(await api.get<unknown>(groupPath(apiVersion), { signal }));
      for (const { name, kind, namespaced } of resources) {
        if (!name.includes('/')) known.set(`${apiVersion} ${kind}`, { name, namespaced });
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return {
    async pathOf({ apiVersion = 'v1', kind = '', metadata }) {
      const key = `${apiVersion} ${kind}`;
      if (!known.has(key)) await discover(apiVersion);
      const resource = known.get(key);
      if (resource === undefined) return undefined;
      const namespace = resource.namespaced ? `/namespaces/${metadata?.namespace ?? 'default'}` : '';
      return `${groupPath(apiVersion)}${namespace}/${resource.name}/${metadata?.name}`;
    },
  };
}

const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
