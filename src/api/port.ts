/** A Kubernetes object as plain JSON. Types of @kubernetes/client-node (V1Pod, V1Node…) fit where the fields are known. */
export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    [key: string]: unknown;
  };
}

export type PatchType = 'strategic-merge' | 'merge' | 'json' | 'apply';

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: { readonly code?: number; readonly message?: string } };

export interface ObjectList<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

/**
 * The Kubernetes API, by path (`/api/v1/namespaces/default/pods/web`). JSON in, JSON out.
 * Every call rejects with an `ApiError` (api/errors.ts): the HTTP status code, the Status' reason and message;
 * code 0 when there was no answer.
 */
export interface KubeApi {
  get<T>(path: string, options?: RequestOptions): Promise<T>;
  list<T>(path: string, options?: RequestOptions): Promise<ObjectList<T>>;
  create<T>(path: string, body: unknown, options?: RequestOptions): Promise<T>;
  replace<T>(path: string, body: unknown, options?: RequestOptions): Promise<T>;
  patch<T>(path: string, type: PatchType, body: unknown, options?: RequestOptions): Promise<T>;
  delete(path: string, body?: unknown, options?: RequestOptions): Promise<void>;
  /** Plain text, for `/healthz` and the like. */
  raw(path: string, options?: RequestOptions): Promise<string>;
  /** One watch connection's events, until it ends, fails or the signal aborts. */
  watch<T>(path: string, options: RequestOptions): AsyncIterable<WatchEvent<T>>;
  /** Closes every connection, so that the next request dials anew (with the newest client certificate). */
  closeConnections(): void;
}

/** The API, and answers of any text that go on, as the kubelet's journal does. */
export interface StreamingApi extends KubeApi {
  /** The lines of an answer as they come, until it ends, fails or the signal aborts. */
  lines(path: string, options: RequestOptions): AsyncIterable<string>;
}
