import type { Container, Pod, Probe } from '../../api/types.ts';
import { CriError, type CriRuntime } from '../../cri/port.ts';
import { expandVariables } from '../containers/expansion.ts';
import { criErrorText } from '../cri-error-text.ts';
import { formatGoDuration } from '../go-duration.ts';
import { quoteLikeGo } from '../go-quote.ts';
import { describePod } from '../pod-facts.ts';
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

/** A port given by number, or by the name of a port of the container. Throws in upstream's words when it is neither. */
export function resolvePort(
  port: string | number | undefined,
  { ports }: { readonly ports?: Container['ports'] | undefined },
): number {
  const number = typeof port === 'string' ? ports?.find(({ name }) => name === port)?.containerPort : port;
  if (number === undefined) throw new Error(`port ${quoteLikeGo(String(port))} not found`);
  if (number > 0 && number < 65_536) return number;
  throw new Error(`invalid port number: ${number}`);
}

/** The command as the container's plain variables make it; those that are read from elsewhere are empty here. */
export const probeCommand = (command: readonly string[], { env }: Pick<Container, 'env'>): readonly string[] =>
  command.map((word) =>
    expandVariables(word, (name) => {
      const variable = env?.findLast((known) => known.name === name);
      return variable && (variable.value ?? '');
    }),
  );

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
      return await probeExec(runtime, containerId, probeCommand(probe.exec.command ?? [], container), timeoutSeconds);
    const { httpGet, tcpSocket, grpc } = probe;
    if (httpGet !== undefined) {
      return await probeHttp({
        scheme: httpGet.scheme === 'HTTPS' ? 'https' : 'http',
        host: httpGet.host || podIp,
        port: resolvePort(httpGet.port, container),
        path: httpGet.path ?? '/',
        headers: httpGet.httpHeaders ?? [],
        timeoutMs,
        userAgent,
      });
    }
    if (tcpSocket !== undefined)
      return await probeTcp(tcpSocket.host || podIp, resolvePort(tcpSocket.port, container), timeoutMs);
    if (grpc !== undefined) return await probeGrpc(podIp, grpc.port, grpc.service ?? '', timeoutMs, userAgent);
    return { kind: 'error', message: `missing probe handler for ${describePod(pod)}:${container.name}` };
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
        output: `command timed out: ${quoteLikeGo(command.join(' '))} timed out after ${formatGoDuration(timeoutSeconds * 1000)}`,
      };
    }
    throw error;
  }
}
