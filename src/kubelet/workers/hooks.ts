import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LifecycleHandler } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime } from '../../cri/port.ts';
import { criErrorText } from '../cri-error-text.ts';
import { quoteLikeGo } from '../go-quote.ts';
import type { RunnableContainer } from '../parts.ts';
import { connectionProblem } from '../probes/connection-problem.ts';
import { requestHeaders } from '../probes/request-headers.ts';
import { requestTarget } from '../probes/request-target.ts';

export interface HookTarget {
  readonly containerId: string;
  readonly ports: RunnableContainer['ports'];
  readonly podIp: string;
}

export interface HookPorts {
  readonly cri: Pick<CriRuntime, 'execSync'>;
  readonly clock: Clock;
  /** `1.37`, for the User-Agent. */
  readonly version: string;
  /** A handler that was to be asked over HTTPS has answered over plain HTTP only. `host` with its port. */
  readonly onFallback: (host: string) => void;
}

/** A handler's command has exited non-zero; `output` is all that it has written. */
class CommandFailed extends Error {
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** What the container's status says of a hook that failed, in upstream's words. */
export function describeHookFailure(handler: LifecycleHandler, container: string, pod: string, error: unknown): string {
  const ofWhat = `for Container "${container}" in Pod "${pod}" failed - error: ${criErrorText(error)}`;
  if (handler.exec !== undefined) {
    const output = error instanceof CommandFailed ? error.output : '';
    return `Exec lifecycle hook ([${(handler.exec.command ?? []).join(' ')}]) ${ofWhat}, message: ${quoteLikeGo(output)}`;
  }
  if (handler.httpGet !== undefined) return `HTTP lifecycle hook (${handler.httpGet.path ?? ''}) ${ofWhat}`;
  if (handler.sleep !== undefined) return `Sleep lifecycle hook (${handler.sleep.seconds}) ${ofWhat}`;
  return `Cannot run handler: ${messageOf(error)}`;
}

/**
 * Runs a postStart or preStop handler to its end. Rejects with what went wrong: a command that exited non-zero, a
 * request that got no answer (any answer counts as success), a handler of an unknown kind.
 */
export async function runHook(
  handler: LifecycleHandler,
  target: HookTarget,
  { cri, clock, version, onFallback }: HookPorts,
  signal: AbortSignal,
): Promise<void> {
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const { exitCode, stdout, stderr } = await cri.execSync(target.containerId, command, 0, { signal });
    if (exitCode === 0) return;
    const output = Buffer.concat([stdout, stderr]).toString();
    const text = Buffer.from(stderr).toString();
    throw new CommandFailed(`command '${command.join(' ')}' exited with ${exitCode}: ${text}`, output);
  }
  if (handler.httpGet !== undefined) return runHttpHook(handler.httpGet, target, { version, onFallback }, signal);
  if (handler.sleep !== undefined) {
    return clock.sleep(handler.sleep.seconds * 1000, signal).catch((error) => {
      throw new Error('container terminated before sleep hook finished', { cause: error });
    });
  }
  throw new Error('invalid handler: neither exec, httpGet nor sleep');
}

type HttpGet = NonNullable<LifecycleHandler['httpGet']>;

function resolvePort(port: HttpGet['port'], ports: RunnableContainer['ports']): number {
  const named = ports?.find(({ name }) => name === String(port))?.containerPort;
  const number = named ?? Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new Error(`invalid port number or name: ${String(port)}`);
}

async function runHttpHook(
  get: HttpGet,
  target: HookTarget,
  { version, onFallback }: Pick<HookPorts, 'version' | 'onFallback'>,
  signal: AbortSignal,
): Promise<void> {
  const host = get.host || target.podIp;
  const port = resolvePort(get.port, target.ports);
  const secure = get.scheme?.toUpperCase() === 'HTTPS';
  const { path, authority, text } = requestTarget(secure ? 'https' : 'http', host, port, get.path ?? '');
  const headers = requestHeaders(authority, `kube-lifecycle/${version}`, get.httpHeaders ?? []);
  const send = (encrypted: boolean, sent = headers): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = (encrypted ? httpsRequest : httpRequest)(
        { host, port, path, headers: sent, signal, ...(encrypted ? { rejectUnauthorized: false } : {}) },
        (response) => {
          response.resume();
          resolve();
        },
      );
      request.on('error', reject);
      request.end();
    });
  const failed = (error: unknown): Error =>
    new Error(`Get "${text}": ${connectionProblem(error, host, port)}`, { cause: error });
  try {
    await send(secure);
  } catch (error) {
    // Handlers that said HTTPS used to be asked over plain HTTP; those that still answer so keep working.
    if (!secure || !isPlainHttpAnswer(error)) throw failed(error);
    // What was meant for an encrypted connection is not sent over another.
    const open = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
    await send(false, open).catch(() => {
      throw failed(error);
    });
    onFallback(`${host}:${port}`);
  }
}

const isPlainHttpAnswer = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EPROTO' || error.code === 'ERR_SSL_WRONG_VERSION_NUMBER');
