import type { IncomingMessage, ServerResponse } from 'node:http';

export interface RouteContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What the path's `{name}` parts are. */
  readonly params: Readonly<Record<string, string>>;
}

export type Handler = (context: RouteContext) => Promise<void> | void;

export interface Route {
  /** `/containerLogs/{namespace}/{pod}/{container}`; a trailing `*` takes the rest of the path as `rest`. */
  readonly path: string;
  /** Absent: any. */
  readonly methods?: readonly string[];
  /** Reads from the node or its pods more than their state: off when debugging handlers are disabled. */
  readonly debug?: boolean;
  readonly handle: Handler;
}

/** The parts of a path that a pattern names; undefined when it does not fit. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const open = pattern.endsWith('*');
  const wanted = (open ? pattern.slice(0, -1) : pattern).split('/');
  const given = path.split('/');
  if (open ? given.length < wanted.length : given.length !== wanted.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    if (open && i === wanted.length - 1 && part === '') {
      params.rest = given.slice(i).join('/');
      return params;
    }
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== value) return undefined;
    } else {
      if (value === '') return undefined;
      try {
        params[name] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    }
  }
  return params;
}

/**
 * What a request asks for, as a URL. Never throws: anyone may send anything, and `//[`, which URL's parser takes for
 * a broken host, is only a path that nobody serves.
 */
export function requestUrl(target = '/'): URL {
  const query = target.indexOf('?');
  const url = new URL('https://kubelet');
  url.pathname = query === -1 ? target : target.slice(0, query);
  url.search = query === -1 ? '' : target.slice(query);
  return url;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The first route that takes the path; methods are the caller's to check. */
export function findRoute(routes: readonly Route[], path: string): Match | undefined {
  for (const route of routes) {
    const params = matchPath(route.path, path);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

/** The path as the metric `path` has it: its first part (`metrics/…`: two), so that there are few of them. */
export function metricPath(routes: readonly Route[], path: string): string {
  if (findRoute(routes, path) === undefined) return 'other';
  const parts = path.split('/').filter((part) => part !== '');
  return parts[0] === 'metrics' ? parts.slice(0, 2).join('/') : (parts[0] ?? 'other');
}

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}

/** Sends the caller elsewhere on this server, with the same method. */
export function redirect(response: ServerResponse, location: string): void {
  response.setHeader('location', location);
  const link = location.replaceAll('&', '&amp;').replaceAll('"', '&#34;').replaceAll('<', '&lt;');
  sendText(response, 307, `<a href="${link}">Temporary Redirect</a>.\n\n`, 'text/html; charset=utf-8');
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
