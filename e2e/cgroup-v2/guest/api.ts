import { randomUUID } from 'node:crypto';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';

/** An object of the API: what is known of all of them. */
export interface ApiObject {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly spec?: unknown;
  readonly status?: unknown;
}

/**
 * As much of an API server as a kubelet needs to have pods that can be resized, without the memory and the minutes that
 * a real one takes in this guest: objects by their paths, lists, watches, merging patches.
 */
export interface ApiStandIn {
  readonly url: string;
  /** The object at a path such as `/api/v1/nodes/a`. */
  get(path: string): ApiObject | undefined;
  /** Makes or changes an object, and tells those who watch. */
  put(path: string, object: ApiObject): void;
  /** Asks for the object's end, as kubectl does: its owner deletes it in the end. */
  remove(path: string, graceSeconds: number): void;
  /** Ends connections too: the process could not end while there are some. */
  close(): void;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lists of things that have a type or a name are merged by it, as strategic merge patches have it. */
function mergeLists(before: readonly unknown[], change: readonly unknown[]): readonly unknown[] {
  const keyOf = (item: unknown) => (isFields(item) ? (item.type ?? item.name ?? item.ip) : undefined);
  if ([...before, ...change].some((item) => keyOf(item) === undefined)) return change;
  const merged = new Map(before.map((item) => [keyOf(item), item]));
  for (const item of change) {
    if (isFields(item) && item.$patch === 'delete') merged.delete(keyOf(item));
    else merged.set(keyOf(item), merge(merged.get(keyOf(item)), item));
  }
  return [...merged.values()];
}

/** The value with a patch in it: what the patch says is null goes. */
export function merge(before: unknown, change: unknown): unknown {
  if (Array.isArray(change)) return mergeLists(Array.isArray(before) ? before : [], change);
  if (!isFields(change)) return change;
  const merged: Record<string, unknown> = isFields(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(change)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

interface Watch {
  readonly collection: string;
  readonly stream: ServerHttp2Stream;
}
/** `/api/v1/pods` and `/api/v1/namespaces/default/pods` are one collection: all objects here are in one namespace. */
const collectionOf = (path: string): string => path.replace(/\/namespaces\/[^/]+(?=\/)/, '');
/** Of an object's path; what a path says beyond its name is a part of the object. */
function placeOf(path: string): { readonly collection: string; readonly name: string | undefined } {
  const parts = collectionOf(path).split('/').slice(1);
  const base = parts[0] === 'api' ? 3 : 4;
  return { collection: `/${parts.slice(0, base).join('/')}`, name: parts[base] };
}

export function apiStandIn(port = 8001): Promise<ApiStandIn> {
  const objects = new Map<string, ApiObject>();
  const watches = new Set<Watch>();
  let version = 1;

  function tell(type: string, collection: string, object: ApiObject): void {
    for (const { stream, ...watch } of watches)
      if (watch.collection === collection) stream.write(`${JSON.stringify({ type, object })}\n`);
  }
  function store(collection: string, object: ApiObject): ApiObject {
    const key = `${collection}/${object.metadata.name}`;
    const before = objects.get(key);
    version += 1;
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString().replace(/\.\d+Z/, 'Z'),
      ...before?.metadata,
      ...object.metadata,
      resourceVersion: String(version),
    };
    const stored = { ...object, metadata };
    objects.set(key, stored);
    tell(before === undefined ? 'ADDED' : 'MODIFIED', collection, stored);
    return stored;
  }

  function answer(method: string, path: string, body: unknown): { readonly status: number; readonly object: unknown } {
    const { collection, name } = placeOf(path);
    const key = `${collection}/${name}`;
    const known = objects.get(key);
    const missing = { status: 404, object: { kind: 'Status', code: 404, reason: 'NotFound', message: `no ${key}` } };
    if (name === undefined && method === 'POST' && isFields(body) && isFields(body.metadata)) {
      const chosen = body.metadata.name ?? `${body.metadata.generateName}${version}`;
      return {
        status: 201,
        object: store(collection, { ...body, metadata: { ...body.metadata, name: String(chosen) } }),
      };
    }
    if (name === undefined) {
      const items = [...objects].flatMap(([at, object]) => (at.startsWith(`${collection}/`) ? [object] : []));
      return { status: 200, object: { metadata: { resourceVersion: String(version) }, items } };
    }
    // Nobody looks at Events here, and no service account has a token.
    if (known === undefined) return missing;
    if (method === 'DELETE') {
      objects.delete(key);
      tell('DELETED', collection, known);
      return { status: 200, object: known };
    }
    if (method === 'PATCH') return { status: 200, object: store(collection, merge(known, body) as ApiObject) };
    if (method === 'PUT') return { status: 200, object: store(collection, body as ApiObject) };
    return { status: 200, object: known };
  }

  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session.on('close', () => sessions.delete(session))));
  server.on('stream', (stream, headers) => {
    const url = new URL(String(headers[':path']), 'http://api');
    if (url.searchParams.get('watch') === 'true') {
      const watch = { collection: collectionOf(url.pathname), stream };
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      watches.add(watch);
      // What changed between the list and this watch.
      const since = Number(url.searchParams.get('resourceVersion') ?? 0);
      for (const [at, object] of objects)
        if (at.startsWith(`${watch.collection}/`) && Number(object.metadata.resourceVersion) > since)
          stream.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
      stream.on('error', () => watches.delete(watch));
      stream.on('close', () => watches.delete(watch));
      return;
    }
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { status, object } = answer(
        String(headers[':method']),
        url.pathname,
        text === '' ? undefined : JSON.parse(text),
      );
      stream.respond({ ':status': status, 'content-type': 'application/json' });
      stream.end(JSON.stringify(object));
    });
  });
  const standIn: ApiStandIn = {
    close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
    url: `http://127.0.0.1:${port}`,
    get(path) {
      const { collection, name } = placeOf(path);
      return objects.get(`${collection}/${name}`);
    },
    put: (path, object) => void store(placeOf(path).collection, object),
    remove(path, graceSeconds) {
      const object = this.get(path);
      if (object === undefined) return;
      const metadata = {
        ...object.metadata,
        deletionTimestamp: new Date(Date.now() + graceSeconds * 1000).toISOString().replace(/\.\d+Z/, 'Z'),
        deletionGracePeriodSeconds: graceSeconds,
      };
      store(placeOf(path).collection, { ...object, metadata });
    },
  };
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(standIn)));
}
