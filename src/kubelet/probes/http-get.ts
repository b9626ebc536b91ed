import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connectionProblem } from './connection-problem.ts';
import { type Headers, keyOf } from './request-headers.ts';
import { isRelative, type RequestTarget, redirectTarget } from './request-target.ts';

const maxRequests = 10;
/** Others of 300–399 do not say where to go, whatever headers they have. */
const redirecting = new Set([301, 302, 303, 307, 308]);
const maxBodyBytes = 10 * 1024;
/**
 * Servers of a few lines, of shell and netcat say, end lines without a carriage return and more; they have always been
 * understood by kubelets.
 */
const lenient = { insecureHTTPParser: true, maxHeaderSize: 2 ** 20 } as const;
const timeout = 'context deadline exceeded';

/** The status has come, the rest of the answer has not. */
export class BodyBroken extends Error {}

/**
 * GET as upstream's kubelet sends it to containers: no verification, no proxy, a new connection each time; redirects
 * are followed as long as they stay on the host. Rejects in the words of upstream's client.
 */
export async function getFollowing(first: RequestTarget, own: Headers, signal: AbortSignal): Promise<Answer> {
  let target = first;
  let headers = own;
  for (let requests = 1; ; requests += 1) {
    const answer = await get(target, headers, signal).catch((error: unknown) => {
      if (error instanceof BodyBroken) throw error;
      const reason = signal.aborted
        ? `${timeout} (Client.Timeout exceeded while awaiting headers)`
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

export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function get({ scheme, host, port, path }: RequestTarget, headers: Headers, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = scheme === 'https' ? httpsRequest : httpRequest;
    const options = { host, port, path, headers, agent: false, signal, rejectUnauthorized: false, ...lenient };
    let answered = false;
    const sent = request(options, (response) => {
      answered = true;
      readBody(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, location: response.headers.location, body }),
        () => {
          const late = `${timeout} (Client.Timeout or context cancellation while reading body)`;
          reject(new BodyBroken(signal.aborted ? late : 'unexpected EOF'));
        },
      );
    });
    // From the answer on, whoever reads its body hears of the end first-hand.
    sent.on('error', (error) => {
      if (!answered) reject(error);
    });
    sent.end();
  });
}

/** The body's first part; the rest is not waited for, as a probe needs the status only. */
async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= maxBodyBytes) break;
  }
  response.destroy();
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString('utf8');
}
