import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connectionProblem } from './connection-problem.ts';
import type { ProbeOutcome } from './decide.ts';
import { type Headers, keyOf, requestHeaders } from './request-headers.ts';
import { isRelative, type RequestTarget, redirectTarget, requestTarget } from './request-target.ts';

export interface HttpProbe {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly timeoutMs: number;
  readonly userAgent: string;
}

const maxRequests = 10;
/** Others of 300–399 do not say where to go, whatever headers they have. */
const redirecting = new Set([301, 302, 303, 307, 308]);
const maxBodyBytes = 10 * 1024;
const timeout = 'context deadline exceeded';

/** The status has come, the rest of the answer has not. */
class BodyBroken extends Error {}

/** GET as upstream's probe does it: no verification, no proxy, a new connection each time; 200–399 is success, with a warning from 300 on. */
export async function probeHttp(probe: HttpProbe): Promise<ProbeOutcome> {
  const first = requestTarget(probe.scheme, probe.host, probe.port, probe.path);
  const signal = AbortSignal.timeout(probe.timeoutMs);
  let target = first;
  const own = requestHeaders(first.authority, probe.userAgent, probe.headers);
  let headers: Headers = own;
  try {
    for (let requests = 1; ; requests += 1) {
      const { status, location, body } = await get(target, headers, signal);
      const next = redirecting.has(status) && location ? redirectTarget(target, location) : undefined;
      if (next === undefined || location === undefined || next.host !== first.host) return judge(status, body);
      if (requests === maxRequests) return failed(`Get "${location}": stopped after ${maxRequests} redirects`);
      headers = redirectHeaders(own, first, target, next, location);
      target = next;
    }
  } catch (error) {
    // A broken body says nothing of the container: the attempt counts for nothing.
    if (error instanceof BodyBroken) return { kind: 'error', state: 'failure', message: error.message };
    if (signal.aborted)
      return failed(`Get "${target.text}": ${timeout} (Client.Timeout exceeded while awaiting headers)`);
    return failed(`Get "${target.text}": ${connectionProblem(error, target.host, target.port)}`);
  }
}

function judge(status: number, body: string): ProbeOutcome {
  if (status >= 300 && status < 400)
    return { kind: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
  return status >= 200 && status < 300 ? { kind: 'success' } : failed(`HTTP probe failed with statuscode: ${status}`);
}

const failed = (output: string): ProbeOutcome => ({ kind: 'failure', output });

/** A Host of the probe's own goes along only within the server that was asked under it. */
function redirectHeaders(own: Headers, first: RequestTarget, from: RequestTarget, next: RequestTarget, to: string) {
  const told = keyOf(own, 'Referer') !== undefined || (from.scheme === 'https' && next.scheme === 'http');
  const keepsHost = own.Host !== first.authority && isRelative(to);
  return { ...own, ...(told ? {} : { Referer: from.text }), ...(keepsHost ? {} : { Host: next.authority }) };
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function get({ scheme, host, port, path }: RequestTarget, headers: Headers, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = scheme === 'https' ? httpsRequest : httpRequest;
    const options = { host, port, path, headers, agent: false, signal, rejectUnauthorized: false };
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
