import { ApiError, isNotFound } from '../../api/errors.ts';
import { watchObjects } from '../../api/informer.ts';
import type { KubeApi } from '../../api/port.ts';
import type { ConfigMap, Pod, Secret } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { uidOf } from '../pod-facts.ts';
import { findReferences, type ObjectReferenceKey } from './references.ts';

type Watched = ConfigMap | Secret;

interface Entry {
  readonly pods: Set<string>;
  readonly stop: AbortController;
  object: Watched | undefined;
  /** A watch keeps `object` up to date, so that its absence means that there is none. */
  followed: boolean;
  /** The first read, shared by all who ask meanwhile. */
  reading: Promise<Watched> | undefined;
}

export interface ObjectCacheOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** An object that these pods refer to has changed. */
  readonly onChange: (podUids: readonly string[]) => void;
}

export interface ObjectCache {
  register(pod: Pod): void;
  unregister(pod: Pod): void;
  /** Rejects with an ApiError; code 404 when there is none. */
  get(kind: ObjectReferenceKey['kind'], namespace: string, name: string): Promise<Watched>;
}

const singular = { configmaps: 'configmap', secrets: 'secret' } as const;

const notFound = (kind: ObjectReferenceKey['kind'], name: string): ApiError =>
  new ApiError(404, 'NotFound', `${singular[kind]} ${JSON.stringify(name)} not found`);

/**
 * Secrets and ConfigMaps of the pods on this node, each watched by name for as long as a pod refers to it: a node may
 * read no others. Immutable ones are read once.
 */
export function objectCache({ api, clock, onChange }: ObjectCacheOptions): ObjectCache {
  const entries = new Map<string, Entry>();
  const keyOf = (kind: string, namespace: string, name: string) => `${kind}/${namespace}/${name}`;

  async function follow(path: string, name: string, entry: Entry): Promise<void> {
    entry.followed = true;
    const query = { fieldSelector: `metadata.name=${name}` };
    const fromVersion = entry.object?.metadata?.resourceVersion;
    const changes = watchObjects<Watched>({ api, path, query, clock, signal: entry.stop.signal, fromVersion });
    for await (const change of changes) {
      const next = change.kind === 'synced' ? change.objects[0] : change.kind === 'set' ? change.object : undefined;
      const changed = next?.metadata?.resourceVersion !== entry.object?.metadata?.resourceVersion;
      entry.object = next;
      if (changed) onChange([...entry.pods]);
      if (next?.immutable === true) return;
    }
  }

  async function read(
    kind: ObjectReferenceKey['kind'],
    namespace: string,
    name: string,
    entry: Entry | undefined,
  ): Promise<Watched> {
    const collection = `/api/v1/namespaces/${namespace}/${kind}`;
    const object = await api.get<Watched>(`${collection}/${name}`).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
    if (entry !== undefined && !entry.stop.signal.aborted) {
      entry.object = object;
      // What is missing is watched for too: the pods that wait for it go on at once.
      if (object?.immutable !== true) void follow(collection, name, entry);
    }
    if (object === undefined) throw notFound(kind, name);
    return object;
  }

  return {
    register(pod) {
      for (const { kind, name } of findReferences(pod)) {
        const key = keyOf(kind, pod.metadata?.namespace ?? '', name);
        const entry = entries.get(key) ?? {
          pods: new Set(),
          stop: new AbortController(),
          object: undefined,
          followed: false,
          reading: undefined,
        };
        entry.pods.add(uidOf(pod));
        entries.set(key, entry);
      }
    },
    unregister(pod) {
      for (const [key, entry] of entries) {
        if (!entry.pods.delete(uidOf(pod)) || entry.pods.size > 0) continue;
        entry.stop.abort();
        entries.delete(key);
      }
    },
    async get(kind, namespace, name) {
      const entry = entries.get(keyOf(kind, namespace, name));
      if (entry === undefined) return read(kind, namespace, name, undefined);
      if (entry.object !== undefined) return entry.object;
      if (entry.followed) throw notFound(kind, name);
      entry.reading ??= read(kind, namespace, name, entry).finally(() => {
        entry.reading = undefined;
      });
      return entry.reading;
    },
  };
}
