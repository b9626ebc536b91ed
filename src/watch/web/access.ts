import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What is done with a request before its page is looked for. */
export type Admission =
  | { readonly kind: 'serve' }
  /** The token was in the address: it goes into a cookie, and out of the address. */
  | { readonly kind: 'welcome'; readonly cookie: string }
  | { readonly kind: 'refuse'; readonly status: 400 | 403 | 405; readonly why: string };

export const newToken = (): string => randomBytes(24).toString('base64url');

/**
 * Decides on a request. What is served was read with the rights of the kubeconfig's user, so only who was given the
 * token may see it: other users of this machine reach the port too, and so do pages of other origins, by name tricks
 * (DNS rebinding), which the Host header gives away.
 */
export function admit(
  { method, url, headers }: { readonly method: string; readonly url: URL; readonly headers: IncomingHttpHeaders },
  { token, port }: { readonly token: string; readonly port: number },
): Admission {
  if (method !== 'GET' && method !== 'HEAD')
    return { kind: 'refuse', status: 405, why: 'this server only answers GET' };
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`) {
    return { kind: 'refuse', status: 400, why: 'this server answers to 127.0.0.1 and localhost only' };
  }
  const name = `klab-watch-${port}`;
  const given = url.searchParams.get('token');
  if (url.pathname === '/' && given !== null && same(given, token)) {
    return { kind: 'welcome', cookie: `${name}=${token}; Path=/; HttpOnly; SameSite=Strict` };
  }
  const cookies = (headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const known = cookies.some((cookie) => cookie.startsWith(`${name}=`) && same(cookie.slice(name.length + 1), token));
  if (known) return { kind: 'serve' };
  return { kind: 'refuse', status: 403, why: 'open the address that klab watch --web printed: it holds a token' };
}

function same(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
