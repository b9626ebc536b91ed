import { ApiError } from './errors.ts';
import type { ApiObject, KubeApi, ObjectList, PatchType, RequestOptions, WatchEvent } from './port.ts';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly patchType?: PatchType;
}

export interface FakeApi extends KubeApi {
  /** Every request but watches, in order. */
  readonly requests: FakeRequest[];
  /** Puts an object at its path, as if someone else had created or changed it. */
  put(path: string, object: ApiObject): void;
  /** Takes it away, as if someone else had deleted it. */
  take(path: string): void;
  at(path: string): ApiObject | undefined;
  /** The next request whose `METHOD path` starts with `prefix` is refused with this error. */
  failNext(prefix: string, error: ApiError): void;
}

interface Watcher {
  readonly collection: string;
  readonly push: (event: WatchEvent<ApiObject>) => void;
}

/**
 * An API server with memory for tests: objects by path, resource versions, watches. Patches are merged as RFC 7386
 * whatever their type, and field selectors are not evaluated.
 */
export function fakeApi(initial: Readonly<Record<string, ApiObject>> = {}): FakeApi {
  const store = new Map<string, ApiObject>();
  const requests: FakeRequest[] = [];
  const failures: { prefix: string; error: ApiError }[] = [];
  const watchers = new Set<Watcher>();
  let version = 0;

  const notFound = (path: string) => new ApiError(404, 'NotFound', `${path} not found`);
  const inCollection = (path: string, collection: string): boolean =>
    path.startsWith(`${collection}/`) ||
    (path.includes('/namespaces/') && path.replace(/\/namespaces\/[^/]+/, '').startsWith(`${collection}/`));
  const tell = (path: string, event: WatchEvent<ApiObject>) => {
    for (const watcher of watchers) if (inCollection(path, watcher.collection)) watcher.push(event);
  };

  function put(path: string, object: ApiObject): ApiObject {
    version += 1;
    const known = store.has(path);
    const metadata = { uid: `uid-${version}`, ...store.get(path)?.metadata, ...object.metadata };
    const stored = { ...object, metadata: { ...metadata, resourceVersion: String(version) } };
    store.set(path, stored);
    tell(path, { type: known ? 'MODIFIED' : 'ADDED', object: structuredClone(stored) });
    return structuredClone(stored);
  }
  function take(path: string): void {
    const object = store.get(path);
    if (object === undefined) throw notFound(path);
    store.delete(path);
    version += 1;
    tell(path, { type: 'DELETED', object: structuredClone(object) });
  }
  function note(method: string, path: string, body: unknown, patchType?: PatchType): void {
    requests.push({ method, path, body, ...(patchType === undefined ? {} : { patchType }) });
    const index = failures.findIndex(({ prefix }) => `${method} ${path}`.startsWith(prefix));
    const [failed] = index === -1 ? [] : failures.splice(index, 1);
    if (failed !== undefined) throw failed.error;
  }
  /** `…/pods/web/status` is stored with its object. */
  const objectPath = (path: string): string => path.replace(/\/status$/, '');

  for (const [path, object] of Object.entries(initial)) put(path, object);

  return {
    requests,
    put: (path, object) => void put(path, object),
    take,
    at: (path) => store.get(path),
    failNext: (prefix, error) => void failures.push({ prefix, error }),
    async get<T>(path: string) {
      note('GET', path, undefined);
      const object = store.get(path);
      if (object === undefined) throw notFound(path);
      return structuredClone(object) as T;
    },
    async list<T>(path: string): Promise<ObjectList<T>> {
      note('GET', path, undefined);
      const items = [...store].filter(([p]) => inCollection(p, path)).map(([, object]) => structuredClone(object) as T);
      return { metadata: { resourceVersion: String(version) }, items };
    },
    async create<T>(path: string, body: unknown) {
      note('POST', path, body);
      const object = body as ApiObject & { metadata?: { generateName?: string } };
      const name = object.metadata?.name ?? `${object.metadata?.generateName ?? ''}${version + 1}`;
      const full = `${path}/${name}`;
      if (store.has(full)) throw new ApiError(409, 'AlreadyExists', `${full} already exists`);
      return put(full, { ...object, metadata: { ...object.metadata, name } }) as T;
    },
    async replace<T>(path: string, body: unknown) {
      note('PUT', path, body);
      if (!store.has(objectPath(path))) throw notFound(path);
      return put(objectPath(path), body as ApiObject) as T;
    },
    async patch<T>(path: string, type: PatchType, body: unknown) {
      note('PATCH', path, body, type);
      const object = store.get(objectPath(path));
      // Applying makes what is not there; every other patch needs something to change.
      if (object === undefined && type !== 'apply') throw notFound(path);
      return put(objectPath(path), merge(object, body) as ApiObject) as T;
    },
    async delete(path, body) {
      note('DELETE', path, body);
      take(path);
    },
    async raw(path) {
      note('GET', path, undefined);
      return 'ok';
    },
    async *watch<T>(path: string, { signal }: RequestOptions): AsyncIterable<WatchEvent<T>> {
      const queue: WatchEvent<ApiObject>[] = [];
      let wake: () => void = () => undefined;
      const watcher: Watcher = {
        collection: path,
        push: (event) => {
          queue.push(event);
          wake();
        },
      };
      watchers.add(watcher);
      const stop = () => wake();
      signal?.addEventListener('abort', stop);
      try {
        while (!signal?.aborted) {
          const event = queue.shift();
          if (event !== undefined) yield event as WatchEvent<T>;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        watchers.delete(watcher);
        signal?.removeEventListener('abort', stop);
      }
    },
    closeConnections: () => undefined,
  };
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete base[key];
    else base[key] = merge(base[key], value);
  }
  return base;
}
