import { constants } from 'node:http2';
import { ApiError, apiErrorOf } from './errors.ts';
import { type HttpResponse, http2Transport, type TlsMaterial } from './http2-transport.ts';
import type { ObjectList, PatchType, RequestOptions, StreamingApi, WatchEvent } from './port.ts';

/** Who we are to the API server. Asked anew every time, so that what was rotated is used by the next one. */
export interface Credentials {
  /** Asked at each new connection: PEM texts of a client certificate and its key. */
  readonly certificate?: () => { readonly cert: string; readonly key: string } | undefined;
  /** Asked at each request: a bearer token. */
  readonly token?: () => string | undefined;
}

export interface KubeApiOptions {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM of the authorities that sign the server's certificate. */
  readonly ca?: string | undefined;
  readonly insecureSkipVerify?: boolean;
  readonly credentials?: Credentials;
  readonly userAgent?: string;
  /** Limit of one request (watches aside) in milliseconds. */
  readonly timeoutMs?: number;
  /** Told of every answer: metrics. `code` 0 when there was none. */
  readonly onRequest?: (request: { method: string; path: string; code: number; ms: number }) => void;
}

const contentTypes: Readonly<Record<PatchType, string>> = {
  'strategic-merge': 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** A client of one API server: plain JSON over few HTTP/2 connections. */
export function kubeApi(options: KubeApiOptions): StreamingApi {
  const { server, ca, insecureSkipVerify = false, credentials = {}, userAgent = 'klab', timeoutMs = 60_000 } = options;
  const tls = (): TlsMaterial => {
    const certificate = credentials.certificate?.();
    return { ca, cert: certificate?.cert, key: certificate?.key, insecureSkipVerify };
  };
  const transport = http2Transport({ server, tls });

  async function send(
    method: string,
    path: string,
    body: unknown,
    { query, signal }: RequestOptions,
    contentType: string,
  ): Promise<HttpResponse> {
    const token = credentials.token?.();
    const started = performance.now();
    let code = 0;
    try {
      const response = await transport.send({
        method,
        path: withQuery(path, query),
        headers: {
          accept: 'application/json',
          'user-agent': userAgent,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': contentType }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
      code = response.status;
      return response;
    } finally {
      options.onRequest?.({ method, path, code, ms: performance.now() - started });
    }
  }

  async function text(
    method: string,
    path: string,
    body: unknown,
    request: RequestOptions,
    contentType: string,
  ): Promise<string> {
    // Signals that Node makes for a time, or out of others, live on until they are collected: this one ends with its request.
    const stop = new AbortController();
    let overdue = false;
    const timer = setTimeout(() => {
      overdue = true;
      stop.abort();
    }, request.timeoutMs ?? timeoutMs);
    const forward = () => stop.abort(request.signal?.reason);
    if (request.signal?.aborted) forward();
    request.signal?.addEventListener('abort', forward, { once: true });
    try {
      const response = await send(method, path, body, { ...request, signal: stop.signal }, contentType);
      const answer = await readAll(response);
      // What was broken off may look like an answer's end.
      stop.signal.throwIfAborted();
      if (response.status >= 400) throw apiErrorOf(response.status, answer);
      return answer;
    } catch (error) {
      if (overdue && !request.signal?.aborted) {
        throw new ApiError(0, 'Timeout', `no answer from ${server} to ${method} ${path} in time`, { cause: error });
      }
      throw error;
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', forward);
    }
  }

  const json = async <T>(
    method: string,
    path: string,
    body: unknown,
    request: RequestOptions = {},
    type = 'application/json',
  ) => JSON.parse(await text(method, path, body, request, type)) as T;

  async function* linesOf<L>(path: string, request: RequestOptions, read: (line: string) => L): AsyncIterable<L> {
    const response = await send('GET', path, undefined, request, 'application/json');
    if (response.status >= 400) throw apiErrorOf(response.status, await readAll(response));
    try {
      for await (const line of lines(response)) yield read(line);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw new ApiError(0, 'Unreachable', `the watch of ${path} broke off`, { cause: error });
    } finally {
      response.body.close();
    }
  }

  return {
    get: <T>(path: string, request?: RequestOptions) => json<T>('GET', path, undefined, request),
    list: <T>(path: string, request?: RequestOptions) => json<ObjectList<T>>('GET', path, undefined, request),
    create: <T>(path: string, body: unknown, request?: RequestOptions) => json<T>('POST', path, body, request),
    replace: <T>(path: string, body: unknown, request?: RequestOptions) => json<T>('PUT', path, body, request),
    patch: <T>(path: string, type: PatchType, body: unknown, request?: RequestOptions) =>
      json<T>('PATCH', path, body, request, contentTypes[type]),
    async delete(path, body, request = {}) {
      await text('DELETE', path, body, request, 'application/json');
    },
    raw: (path, request = {}) => text('GET', path, undefined, request, 'application/json'),
    lines: (path, request) => linesOf(path, request, (line) => line),
    async *watch<T>(path: string, request: RequestOptions): AsyncIterable<WatchEvent<T>> {
      const query = { ...request.query, watch: true, allowWatchBookmarks: true };
      yield* linesOf(path, { ...request, query }, (line) => JSON.parse(line) as WatchEvent<T>);
    },
    closeConnections: () => transport.close(),
  };
}

function withQuery(path: string, query: RequestOptions['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return path;
  const encoded = pairs
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`)
    .join('&');
  return `${path}${path.includes('?') ? '&' : '?'}${encoded}`;
}

/**
 * The whole answer. A server that answers before it has read the request ends the stream with a reset that is no
 * error, which an iterator of the stream would take for one.
 */
function readAll({ body }: HttpResponse): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const done = () => resolve(Buffer.concat(chunks).toString('utf8'));
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.once('end', done);
    body.once('error', reject);
    body.once('close', () => {
      if (body.rstCode === constants.NGHTTP2_NO_ERROR) done();
      else reject(new Error(`the answer broke off (HTTP/2 error ${body.rstCode})`));
    });
  });
}

/** Lines of a chunked answer; a line may span many chunks. */
async function* lines({ body }: HttpResponse): AsyncIterable<string> {
  let pending: Buffer[] = [];
  for await (const chunk of body) {
    let rest = chunk as Buffer;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      yield Buffer.concat([...pending, rest.subarray(0, end)]).toString('utf8');
      pending = [];
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) pending.push(rest);
  }
}
