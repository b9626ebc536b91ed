import { messageOf } from '../../base/errors.ts';
import type { ProbeOutcome } from './decide.ts';
import { getFollowing } from './http-get.ts';
import { BodyBroken } from './http-request.ts';
import { requestHeaders } from './request-headers.ts';
import { requestTarget } from './request-target.ts';

export interface HttpProbe {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly timeoutMs: number;
  readonly userAgent: string;
}

/** 200–399 is success, with a warning from 300 on. */
export async function probeHttp(probe: HttpProbe): Promise<ProbeOutcome> {
  const target = requestTarget(probe.scheme, probe.host, probe.port, probe.path);
  const headers = requestHeaders(target.authority, probe.userAgent, probe.headers);
  try {
    const { status, body } = await getFollowing(target, headers, AbortSignal.timeout(probe.timeoutMs));
    return judge(status, body);
  } catch (error) {
    // A broken body says nothing of the container: the attempt counts for nothing.
    if (error instanceof BodyBroken) return { kind: 'error', state: 'failure', message: error.message };
    return failed(messageOf(error));
  }
}

function judge(status: number, body: string): ProbeOutcome {
  if (status >= 300 && status < 400)
    return { kind: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
  return status >= 200 && status < 300 ? { kind: 'success' } : failed(`HTTP probe failed with statuscode: ${status}`);
}

const failed = (output: string): ProbeOutcome => ({ kind: 'failure', output });
