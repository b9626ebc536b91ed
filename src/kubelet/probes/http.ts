import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { ProbeOutcome } from './decide.ts';

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

/** GET as upstream's probe does it: no verification, no proxy, a new connection each time; 200–399 is success, with a warning from 300 on. */
export async function probeHttp(probe: HttpProbe): Promise<ProbeOutcome> {
  const host = isIPv6(probe.host) ? `[${probe.host}]` : probe.host;
  const first = new URL(`${probe.scheme}://${host}:${probe.port}${probe.path.startsWith('/') ? '' : '/'}${probe.path}`);
  const signal = AbortSignal.timeout(probe.timeoutMs);
  let url = first;
  try {
    for (let requests = 1; ; requests += 1) {
      const { status, location, body } = await get(url, requestHeaders(probe), signal);
      const next = redirecting.has(status) && location ? new URL(location, url) : undefined;
      if (next === undefined || next.hostname !== first.hostname) return judge(status, body);
      if (requests === maxRequests) return failed(`Get "${location}": stopped after ${maxRequests} redirects`);
      url = next;
    }
  } catch (error) {
    return failed(`Get "${url}": ${connectionProblem(error, url, signal.aborted)}`);
  }
}

function judge(status: number, body: string): ProbeOutcome {
  if (status >= 300 && status < 400)
    return { kind: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
  return status >= 200 && status < 300 ? { kind: 'success' } : failed(`HTTP probe failed with statuscode: ${status}`);
}

const failed = (output: string): ProbeOutcome => ({ kind: 'failure', output });

function requestHeaders({ headers, userAgent }: HttpProbe): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = { 'User-Agent': userAgent, Accept: '*/*', Connection: 'close' };
  const own = new Set<string>();
  for (const { name, value } of headers) {
    const key = Object.keys(result).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
    const before = result[key];
    if (own.has(key) && before !== undefined) result[key] = [before, value].flat();
    else result[key] = value;
    own.add(key);
  }
  if (result.Accept === '') delete result.Accept;
  return result;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function get(url: URL, headers: Record<string, string | string[]>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = request(url, { headers, agent: false, signal, rejectUnauthorized: false }, (response) => {
      readBody(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, location: response.headers.location, body }),
        reject,
      );
    });
    sent.on('error', reject);
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

/** The reason in the words people know from upstream's events. */
export function connectionProblem(error: unknown, url: URL, timedOut: boolean): string {
  if (timedOut) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const address = `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
  if (code === 'ECONNREFUSED') return `dial tcp ${address}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `dial tcp ${address}: connect: no route to host`;
  if (code === 'ECONNRESET') return `read tcp ${address}: read: connection reset by peer`;
  return messageOf(error);
}
