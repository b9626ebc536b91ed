import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LifecycleHandler } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { CriRuntime } from '../../cri/port.ts';
import type { RunnableContainer } from '../parts.ts';

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
    const output = Buffer.concat([stdout, stderr]).toString().trim();
    throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`);
  }
  if (handler.httpGet !== undefined) return runHttpHook(handler.httpGet, target, { version, onFallback }, signal);
  if (handler.sleep !== undefined) return clock.sleep(handler.sleep.seconds * 1000, signal);
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
  const headers: Record<string, string> = { 'User-Agent': `kube-lifecycle/${version}`, Accept: '*/*' };
  for (const { name, value } of get.httpHeaders ?? []) headers[name] = value;
  const path = get.path?.startsWith('/') ? get.path : `/${get.path ?? ''}`;
  const send = (secure: boolean, sent = headers): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(
        { host, port, path, headers: sent, signal, ...(secure ? { rejectUnauthorized: false } : {}) },
        (response) => {
          response.resume();
          resolve();
        },
      );
      request.on('error', reject);
      request.end();
    });
  if (get.scheme?.toUpperCase() !== 'HTTPS') return send(false);
  try {
    await send(true);
  } catch (error) {
    // Handlers that said HTTPS used to be asked over plain HTTP; those that still answer so keep working.
    if (!isPlainHttpAnswer(error)) throw error;
    // What was meant for an encrypted connection is not sent over another.
    const open = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
    await send(false, open).catch(() => {
      throw error;
    });
    onFallback(`${host}:${port}`);
  }
}

const isPlainHttpAnswer = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EPROTO' || error.code === 'ERR_SSL_WRONG_VERSION_NUMBER');
