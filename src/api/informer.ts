import { backoffMs, jittered } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { ApiError, isExpired } from './errors.ts';
import type { KubeApi, RequestOptions } from './port.ts';

/** What an informer needs to know of an object. */
export interface Identified {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export type ObjectChange<T> =
  /** The whole list, after every (re)connection that had to list. */
  | { readonly kind: 'synced'; readonly objects: readonly T[] }
  | { readonly kind: 'set'; readonly object: T }
  | { readonly kind: 'deleted'; readonly object: T };

export interface WatchObjectsOptions {
  readonly api: KubeApi;
  /** The collection's path, like `/api/v1/pods`. */
  readonly path: string;
  readonly query?: RequestOptions['query'];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Begin with a watch from this version of an object that was read already; absent: list first. */
  readonly fromVersion?: string | undefined;
  /** Told of each failed list or watch before it is tried again. */
  readonly onError?: (error: Error) => void;
}

const retry = { firstMs: 200, factor: 2, maxMs: 10_000 };
/** The server ends a watch after this; renewing costs one request. */
const watchSeconds = 480;

/**
 * Lists and then watches a collection for as long as the signal allows, through restarts of the API server.
 * Yields the whole list first (and again whenever the watch's version has expired), then single changes.
 */
export async function* watchObjects<T extends Identified>(
  options: WatchObjectsOptions,
): AsyncIterable<ObjectChange<T>> {
  const { api, path, query, clock, signal, onError } = options;
  let version: string | undefined = options.fromVersion;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const list = await api.list<T>(path, { query, signal });
        version = list.metadata.resourceVersion;
        failures = 0;
        yield { kind: 'synced', objects: list.items };
      }
      const watchQuery = {
        ...query,
        resourceVersion: version,
        timeoutSeconds: Math.round(jittered(watchSeconds, 0.5)),
      };
      for await (const event of api.watch<T>(path, { query: watchQuery, signal })) {
        if (event.type === 'ERROR')
          throw new ApiError(event.object.code ?? 0, '', event.object.message ?? 'watch error');
        failures = 0;
        version = event.object.metadata?.resourceVersion ?? version;
        if (event.type === 'DELETED') yield { kind: 'deleted', object: event.object };
        else if (event.type !== 'BOOKMARK') yield { kind: 'set', object: event.object };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isExpired(error)) {
        version = undefined;
        continue;
      }
      onError?.(error instanceof Error ? error : new Error(String(error)));
      await clock.sleep(jittered(backoffMs(retry, failures), 0.5), signal).catch(() => undefined);
      failures += 1;
    }
  }
}

export const keyOf = (object: Identified): string =>
  `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;

export interface Informer<T> {
  synced(): boolean;
  /** By `namespace/name` (`/name` for cluster-wide objects). */
  get(key: string): T | undefined;
  values(): Iterable<T>;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface InformerOptions<T> extends Omit<WatchObjectsOptions, 'signal'> {
  /** `before` is undefined for a new object, `after` for one that is gone. */
  readonly onChange?: (before: T | undefined, after: T | undefined) => void;
  readonly onSynced?: () => void;
}

/** Keeps a collection in memory, and tells what changed. */
export function informer<T extends Identified>({ onChange, onSynced, ...watch }: InformerOptions<T>): Informer<T> {
  let store = new Map<string, T>();
  let synced = false;

  function replaceAll(objects: readonly T[]): void {
    const before = store;
    store = new Map(objects.map((object) => [keyOf(object), object]));
    for (const [key, object] of before) if (!store.has(key)) onChange?.(object, undefined);
    for (const [key, object] of store) {
      const old = before.get(key);
      if (old?.metadata?.resourceVersion !== object.metadata?.resourceVersion || old === undefined)
        onChange?.(old, object);
    }
  }

  return {
    synced: () => synced,
    get: (key) => store.get(key),
    values: () => store.values(),
    async run(signal) {
      for await (const change of watchObjects<T>({ ...watch, signal })) {
        if (change.kind === 'synced') {
          replaceAll(change.objects);
          if (!synced) {
            synced = true;
            onSynced?.();
          }
          continue;
        }
        const key = keyOf(change.object);
        const before = store.get(key);
        if (change.kind === 'set') {
          store.set(key, change.object);
          onChange?.(before, change.object);
        } else {
          store.delete(key);
          onChange?.(before ?? change.object, undefined);
        }
      }
    },
  };
}
