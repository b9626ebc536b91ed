import { isNotFound } from '../../../api/errors.ts';
import type { KubeApi } from '../../../api/port.ts';
import type { Pod } from '../../../api/types.ts';
import type { Clock } from '../../../base/clock.ts';
import { waitUntil } from '../../../base/wait-until.ts';
import { inWaves } from '../apply/objects.ts';
import { resourcePaths } from '../apply/resource-paths.ts';
import { workloadsOf } from '../apply/workloads.ts';
import type { ObjectId } from '../installed.ts';
import { isWorkload, type ManifestObject, readObject } from '../manifest.ts';

const rbac = 'rbac.authorization.k8s.io/v1';
const system = { namespace: 'kube-system' };

/** What Calico's manifest has had under these names for years, for a Calico that came by plain kubectl. */
const calicoObjects: readonly ObjectId[] = [
  { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'calico-node', ...system } },
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'calico-kube-controllers', ...system } },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'calico-kube-controllers', ...system } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'calico-config', ...system } },
  ...['calico-node', 'calico-kube-controllers', 'calico-cni-plugin'].map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, ...system },
  })),
  ...['calico-node', 'calico-kube-controllers', 'calico-cni-plugin', 'calico-tier-getter'].flatMap((name) =>
    ['ClusterRole', 'ClusterRoleBinding'].map((kind) => ({ apiVersion: rbac, kind, metadata: { name } })),
  ),
];

/** Calico's objects in this cluster, its definitions with all that was made of them. */
export async function knownCalicoObjects(api: KubeApi, signal: AbortSignal): Promise<readonly ObjectId[]> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const { items } = await api.list<{ readonly metadata: { readonly name: string } }>(path, { signal });
  const definitions = items
    .filter(({ metadata: { name } }) => name.endsWith('.projectcalico.org'))
    .map(({ metadata: { name } }) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
    }));
  return [...calicoObjects, ...definitions];
}

/** Both, each object once. */
export function union(a: readonly ObjectId[], b: readonly ObjectId[]): readonly ObjectId[] {
  const keyOf = ({ apiVersion, kind, metadata: { name, namespace = '' } }: ObjectId) =>
    [apiVersion, kind, namespace, name].join(' ');
  return [...new Map([...a, ...b].map((id) => [keyOf(id), id])).values()];
}

export interface DeleteOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly detail: (text: string) => void;
  /** Told of the pods of the workloads before these are deleted, by their UIDs. */
  readonly onPod?: (uid: string) => void;
}

/** How long pods may take to end; what is left of them then is told, and no reason to stop. */
const podsEndMs = 60_000;

/** Deletes workloads and waits for their pods' end, then the rest, definitions last. Answers how many there were. */
export async function deleteObjects(ids: readonly ObjectId[], options: DeleteOptions): Promise<number> {
  const { api, signal } = options;
  const objects = ids.map((id) => readObject(id, 'what klab noted'));
  const workloads = objects.filter(isWorkload);
  const whole = await Promise.all(workloads.map((object) => readWhole(api, object, signal)));
  const pods = podsOf(
    whole.filter((object) => object !== undefined),
    options,
  );
  for (const { metadata } of await pods()) options.onPod?.(metadata?.uid ?? '');
  let deleted = await deleteAll(workloads, options);
  await waitForEnd(pods, options);
  const others = objects.filter((object) => !isWorkload(object) && object.kind !== 'Namespace');
  for (const wave of [...inWaves(others)].reverse()) deleted += await deleteAll(wave, options);
  return deleted;
}

async function readWhole(
  api: KubeApi,
  object: ManifestObject,
  signal: AbortSignal,
): Promise<ManifestObject | undefined> {
  try {
    const path = await resourcePaths(api, signal).pathOf(object);
    return path === undefined ? undefined : readObject(await api.get<unknown>(path, { signal }), 'the API server');
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function deleteAll(objects: readonly ManifestObject[], { api, signal }: DeleteOptions): Promise<number> {
  const paths = resourcePaths(api, signal);
  let deleted = 0;
  for (const object of objects) {
    const path = await paths.pathOf(object);
    if (path === undefined) continue;
    try {
      await api.delete(path, { propagationPolicy: 'Background' }, { signal });
      deleted += 1;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return deleted;
}

/** A look at the pods of these workloads that there are. */
function podsOf(workloads: readonly ManifestObject[], { api, signal }: DeleteOptions): () => Promise<readonly Pod[]> {
  const selectors = workloadsOf(workloads);
  return async () => {
    const { items } = await api.list<Pod>('/api/v1/pods', { signal });
    return items.filter(({ metadata }) =>
      selectors.some(
        ({ namespace, labels }) =>
          metadata?.namespace === namespace &&
          Object.entries(labels).every(([key, value]) => metadata?.labels?.[key] === value),
      ),
    );
  };
}

async function waitForEnd(
  pods: () => Promise<readonly Pod[]>,
  { clock, signal, detail }: DeleteOptions,
): Promise<void> {
  const look = async (): Promise<true | string> => {
    const [left] = await pods();
    return left === undefined ? true : `pod ${left.metadata?.name} on ${left.spec?.nodeName ?? 'no node'} still runs`;
  };
  const result = await waitUntil(look, { clock, everyMs: 200, timeoutMs: podsEndMs, signal });
  if (result.kind === 'timedOut') detail(result.lastSeen);
}
