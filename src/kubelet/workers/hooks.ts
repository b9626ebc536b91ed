import type { LifecycleHandler } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime } from '../../cri/port.ts';
import { criErrorText } from '../cri-error-text.ts';
import { quoteLikeGo } from '../go-quote.ts';
import type { RunnableContainer } from '../parts.ts';
import { resolvePort } from '../probes/attempt.ts';
import { dialAddress, plainHttpAnswer } from '../probes/connection-problem.ts';
import { getFollowing } from '../probes/http-get.ts';
import { BodyBroken } from '../probes/http-request.ts';
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

async function runHttpHook(
  get: HttpGet,
  target: HookTarget,
  { version, onFallback }: Pick<HookPorts, 'version' | 'onFallback'>,
  signal: AbortSignal,
): Promise<void> {
  const host = get.host || target.podIp;
  if (host === '') throw new Error('failed to find networking container');
  const port = resolvePort(get.port, target);
  const secure = get.scheme?.toUpperCase() === 'HTTPS';
  const send = async (scheme: 'http' | 'https', headers: NonNullable<HttpGet['httpHeaders']>): Promise<void> => {
    const to = requestTarget(scheme, host, port, get.path ?? '');
    await getFollowing(to, requestHeaders(to.authority, `kube-lifecycle/${version}`, headers), signal).catch(
      (error) => {
        // It was answered, and any answer will do.
        if (!(error instanceof BodyBroken)) throw error;
      },
    );
  };
  const headers = get.httpHeaders ?? [];
  try {
    await send(secure ? 'https' : 'http', headers);
  } catch (error) {
    // Handlers that said HTTPS used to be asked over plain HTTP; those that still answer so keep working.
    if (!secure || !messageOf(error).endsWith(plainHttpAnswer)) throw error;
    // What was meant for an encrypted connection is not sent over another.
    const open = headers.filter(({ name }) => name.toLowerCase() !== 'authorization');
    await send('http', open).catch(() => {
      throw error;
    });
    onFallback(dialAddress(host, port));
  }
}
