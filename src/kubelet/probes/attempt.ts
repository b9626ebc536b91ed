import type { Container, Pod, Probe } from '../../api/types.ts';
import { CriError, type CriRuntime } from '../../cri/port.ts';
import { criErrorText } from '../cri-error-text.ts';
import type { ProbeOutcome } from './decide.ts';
import { probeGrpc } from './grpc.ts';
import { probeHttp } from './http.ts';
import { probeTcp } from './tcp.ts';

const maxOutputBytes = 10 * 1024;

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly probe: Probe;
  readonly containerId: string;
  readonly podIp: string;
}

/** A port given by number or by the name of a container port; undefined when there is no such name. */
export function resolvePort(port: string | number | undefined, container: Container): number | undefined {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  return Number.isInteger(number) && number > 0 && number < 65536 ? number : undefined;
}

/** Makes one attempt at a probe. Never rejects: what keeps the probe from being made is an `error` outcome. */
export async function attemptProbe(
  { pod, container, probe, containerId, podIp }: ProbeTarget,
  runtime: Pick<CriRuntime, 'execSync'>,
  userAgent: string,
): Promise<ProbeOutcome> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  const timeoutMs = timeoutSeconds * 1000;
  try {
    if (probe.exec !== undefined)
      return await probeExec(runtime, containerId, probe.exec.command ?? [], timeoutSeconds);
    const { httpGet, tcpSocket, grpc } = probe;
    const wanted = httpGet?.port ?? tcpSocket?.port ?? grpc?.port;
    const port = resolvePort(wanted as string | number | undefined, container);
    if (port === undefined)
      return {
        kind: 'error',
        message: `couldn't find port: ${JSON.stringify(wanted)} for container ${container.name} of pod ${pod.metadata?.name}`,
      };
    if (httpGet !== undefined) {
      return await probeHttp({
        scheme: httpGet.scheme === 'HTTPS' ? 'https' : 'http',
        host: httpGet.host || podIp,
        port,
        path: httpGet.path ?? '/',
        headers: httpGet.httpHeaders ?? [],
        timeoutMs,
        userAgent,
      });
    }
    if (tcpSocket !== undefined) return await probeTcp(tcpSocket.host || podIp, port, timeoutMs);
    if (grpc !== undefined) return await probeGrpc(podIp, port, grpc.service ?? '', timeoutMs, userAgent);
    return { kind: 'error', message: `missing probe handler for ${pod.metadata?.name}:${container.name}` };
  } catch (error) {
    return { kind: 'error', message: criErrorText(error) };
  }
}

async function probeExec(
  runtime: Pick<CriRuntime, 'execSync'>,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeOutcome> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds);
    if (exitCode === 0) return { kind: 'success' };
    return { kind: 'failure', output: Buffer.concat([stdout, stderr]).subarray(0, maxOutputBytes).toString('utf8') };
  } catch (error) {
    if (error instanceof CriError && error.code === 'deadlineExceeded') {
      return {
        kind: 'failure',
        output: `command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s`,
      };
    }
    throw error;
  }
}
