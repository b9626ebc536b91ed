import { connectionProblem } from './connection-problem.ts';
import { type Answer, BodyBroken, request, timedOut } from './http-request.ts';
import { type Headers, keyOf } from './request-headers.ts';
import { isRelative, type RequestTarget, redirectTarget } from './request-target.ts';

const maxRequests = 10;
/** Others of 300–399 do not say where to go, whatever headers they have. */
const redirecting = new Set([301, 302, 303, 307, 308]);

/**
 * GET as upstream's kubelet sends it to containers: no verification, no proxy, a new connection each time; redirects
 * are followed as long as they stay on the host. Rejects in the words of upstream's client.
 */
export async function getFollowing(first: RequestTarget, own: Headers, signal: AbortSignal): Promise<Answer> {
  let target = first;
  let headers = own;
  for (let requests = 1; ; requests += 1) {
    const answer = await request(target, headers, signal).catch((error: unknown) => {
      if (error instanceof BodyBroken) throw error;
      const reason = signal.aborted
        ? `${timedOut} (Client.Timeout exceeded while awaiting headers)`
        : connectionProblem(error, target.host, target.port);
      throw new Error(`Get "${target.text}": ${reason}`, { cause: error });
    });
    const { status, location } = answer;
    if (!redirecting.has(status) || !location) return answer;
    const next = redirectTarget(target, location);
    if (next.host !== first.host) return answer;
    if (requests === maxRequests) throw new Error(`Get "${location}": stopped after ${maxRequests} redirects`);
    headers = redirectHeaders(own, first, target, next, location);
    target = next;
  }
}

/** A Host of the probe's own goes along only within the server that was asked under it. */
function redirectHeaders(own: Headers, first: RequestTarget, from: RequestTarget, next: RequestTarget, to: string) {
  const told = keyOf(own, 'Referer') !== undefined || (from.scheme === 'https' && next.scheme === 'http');
  const keepsHost = own.Host !== first.authority && isRelative(to);
  return { ...own, ...(told ? {} : { Referer: from.text }), ...(keepsHost ? {} : { Host: next.authority }) };
}
