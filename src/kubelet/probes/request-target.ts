import { dialAddress } from './connection-problem.ts';

/** Where a request goes. Unlike a URL it keeps what it was given: a port that is the scheme's own, dots in the path. */
export interface RequestTarget {
  readonly scheme: 'http' | 'https';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The Host header. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
  /** As Events name it. */
  readonly text: string;
}

/** What a path or a query may hold without being escaped. */
const unescaped = /[^\w\-.~!$&'()*+,;=:@[\]/%?]/gu;

const escaped = (text: string): string => text.replace(unescaped, encodeURIComponent);

/** The target of an httpGet; a host within the path gives way to the one that is asked. */
export function requestTarget(scheme: 'http' | 'https', host: string, port: number, httpPath: string): RequestTarget {
  const [beforeFragment = ''] = httpPath.replace(/^(?:https?:)?\/\/[^/?#]*/i, '').split('#');
  const queryAt = beforeFragment.indexOf('?');
  const plain = queryAt < 0 ? beforeFragment : beforeFragment.slice(0, queryAt);
  const query = queryAt < 0 ? '' : escaped(beforeFragment.slice(queryAt));
  // One bad escape, and what looks like the others is taken as it is written too.
  const path = escaped(/%(?![\da-f]{2})/i.test(plain) ? plain.replaceAll('%', '%25') : plain);
  const authority = dialAddress(host, port);
  const rooted = path === '' || path.startsWith('/') ? path : `/${path}`;
  return {
    scheme,
    host,
    port,
    authority,
    path: `${rooted || '/'}${query}`,
    text: `${scheme}://${authority}${rooted}${query}`,
  };
}

/** Whether a Location names only a path, so that host and port stay. */
export const isRelative = (location: string): boolean => !/^[a-z][a-z\d+.-]*:|^\/\//i.test(location);

/** Where a redirect leads. Throws when the location is none. */
export function redirectTarget(from: RequestTarget, location: string): RequestTarget {
  const url = new URL(location, from.text);
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const path = `${url.pathname}${url.search}`;
  if (isRelative(location)) return { ...from, path, text: `${from.scheme}://${from.authority}${path}` };
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (scheme === 'https' ? 443 : 80)),
    authority: url.host,
    path,
    text: `${url.origin}${path}`,
  };
}
