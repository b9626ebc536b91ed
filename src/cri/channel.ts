import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { createConnection } from 'node:net';
import { type BackoffCurve, backoffMs } from '../base/backoff.ts';
import { systemClock } from '../base/clock.ts';
import { codeOfHttp, decodeGrpcMessage, GrpcError, parseGrpcCode } from './grpc-status.ts';
import { frameMessage, MessageReader } from './message-reader.ts';

/** One method of a service, as the generated code describes it. */
export interface GrpcMethod<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface GrpcCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Infinity: no limit. */
  readonly timeoutMs: number;
}

/** A connection to one server, made when it is first needed and anew after it broke. Calls reject with a GrpcError. */
export interface GrpcChannel {
  unary<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    options: GrpcCallOptions,
  ): Promise<Response>;
  /** The messages of a server's stream, until it ends or the signal aborts. */
  stream<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): AsyncIterable<Response>;
  /**
   * Keeps a connection up though nothing is asked, and tells each time it has come up or broken. Resolves when the
   * signal aborts.
   */
  keepConnected(onChange: (connected: boolean) => void, signal: AbortSignal): Promise<void>;
  /** Breaks off what is under way. */
  close(): void;
}

/** containerd's answers carry whole lists, so the limit is upstream's 16 MiB rather than gRPC's 4. */
const maxMessageBytes = 16 * 1024 * 1024;
/** Lists come in one go rather than in pieces that are each waited for. */
const windowBytes = 1024 * 1024;
/** As gRPC itself does. https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md */
const reconnects: BackoffCurve = { firstMs: 1000, factor: 1.6, maxMs: 120_000 };
/** gRPC allows eight digits. */
const maxTimeoutMs = 99_999_999;

const parseSocketPath = (endpoint: string): string => {
  if (endpoint.startsWith('/')) return endpoint;
  const path = /^unix:(?:\/\/)?(\/.*)$/.exec(endpoint)?.[1];
  if (path === undefined)
    throw new Error(`only unix sockets are supported as endpoints, not ${JSON.stringify(endpoint)}`);
  return path;
};

/**
 * gRPC over Node's own HTTP/2, for plain text over a unix socket: all that a container runtime needs. A general
 * library spends several times as much on each call, and a pod's start takes a dozen of them.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function grpcChannel(endpoint: string): GrpcChannel {
  const path = parseSocketPath(endpoint);
  let session: ClientHttp2Session | undefined;
  let closed = false;

  function connected(): ClientHttp2Session {
    if (closed) throw new GrpcError('Canceled', 'the client is closed');
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    const made = connect('http://localhost', {
      createConnection: () => createConnection({ path }),
      settings: { enablePush: false, initialWindowSize: windowBytes },
    });
    made.on('connect', () => made.setLocalWindowSize(windowBytes));
    // Its calls tell of it.
    made.on('error', () => undefined);
    session = made;
    return made;
  }

  /** Sends the request; `onMessage` is told each answer, and the promise settles when the call has ended. */
  function call<Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
    { signal, timeoutMs }: GrpcCallOptions,
    onMessage: (message: Response) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const limited = Number.isFinite(timeoutMs);
      const stream = connected().request({
        ':method': 'POST',
        ':path': method.path,
        ':authority': 'localhost',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(limited ? { 'grpc-timeout': `${Math.min(maxTimeoutMs, Math.max(0, Math.ceil(timeoutMs)))}m` } : {}),
      });
      let settled = false;
      const settle = (error?: unknown): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const breakOff = (error: unknown): void => {
        settle(error);
        stream.close(constants.NGHTTP2_CANCEL);
      };
      const abort = (): void => breakOff(new GrpcError('Canceled', 'context canceled', { cause: signal?.reason }));
      const overdue = (): void => breakOff(new GrpcError('DeadlineExceeded', 'context deadline exceeded'));
      const timer = limited ? setTimeout(overdue, Math.min(timeoutMs, maxTimeoutMs)) : undefined;
      signal?.addEventListener('abort', abort, { once: true });
      readAnswers(stream, method, onMessage, settle, breakOff);
      stream.end(frameMessage(method.requestSerialize(request)));
    });
  }

  function readAnswers<Response>(
    stream: ClientHttp2Stream,
    method: Pick<GrpcMethod<never, Response>, 'responseDeserialize'>,
    onMessage: (message: Response) => void,
    settle: (error?: unknown) => void,
    breakOff: (error: unknown) => void,
  ): void {
    const reader = new MessageReader(maxMessageBytes);
    let end: Readonly<Record<string, unknown>> | undefined;
    let httpStatus = 0;
    stream.on('response', (headers) => {
      httpStatus = headers[':status'] ?? 0;
      // An error without an answer comes with the first headers.
      if (headers['grpc-status'] !== undefined) end = headers;
    });
    stream.on('trailers', (trailers) => {
      end = trailers;
    });
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const message of reader.add(chunk)) onMessage(method.responseDeserialize(message));
      } catch (error) {
        breakOff(error instanceof GrpcError ? error : new GrpcError('Internal', String(error), { cause: error }));
      }
    });
    stream.on('error', (error) => {
      // A server that has said all it has to say may break off what is left of the request.
      if (end !== undefined) settle(computeEnd(end, httpStatus));
      else settle(new GrpcError('Unavailable', unavailable(error, path), { cause: error }));
    });
    stream.on('close', () => settle(computeEnd(end, httpStatus)));
  }

  return {
    async unary(method, request, options) {
      type Answer = ReturnType<typeof method.responseDeserialize>;
      const answers: Answer[] = [];
      await call(method, request, options, (answer) => answers.push(answer));
      const [answer] = answers;
      if (answer === undefined) throw new GrpcError('Internal', 'the call ended without an answer');
      return answer;
    },
    async *stream(method, request, signal) {
      type Answer = ReturnType<typeof method.responseDeserialize>;
      const waiting: Answer[] = [];
      let wake = (): void => undefined;
      const stop = new AbortController();
      const either = { signal: AbortSignal.any([signal, stop.signal]), timeoutMs: Number.POSITIVE_INFINITY };
      let ended: { readonly error?: unknown } | undefined;
      const onMessage = (message: Answer): void => {
        waiting.push(message);
        wake();
      };
      void call(method, request, either, onMessage)
        .then(
          () => ({}),
          (error: unknown) => ({ error }),
        )
        .then((end) => {
          ended = end;
          wake();
        });
      try {
        for (;;) {
          const next = waiting.shift();
          if (next !== undefined) yield next;
          else if (ended === undefined) await new Promise<void>((resolve) => (wake = resolve));
          else if ('error' in ended) throw ended.error;
          else return;
        }
      } finally {
        stop.abort();
      }
    },
    async keepConnected(onChange, signal) {
      let tries = 0;
      while (!signal.aborted && !closed) {
        const kept = connected();
        await new Promise<void>((resolve) => {
          const up = (): void => {
            tries = 0;
            onChange(true);
          };
          if (kept.connecting) kept.once('connect', up);
          else up();
          kept.once('close', resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        if (signal.aborted || closed) return;
        onChange(false);
        await systemClock.sleep(backoffMs(reconnects, tries), signal).catch(() => undefined);
        tries += 1;
      }
    },
    close() {
      closed = true;
      session?.destroy();
    },
  };
}

/** What the headers at the end of a call say of it; undefined: it went well. */
export function computeEnd(
  end: Readonly<Record<string, unknown>> | undefined,
  httpStatus: number,
): GrpcError | undefined {
  if (end !== undefined) {
    const code = parseGrpcCode(String(end['grpc-status'] ?? ''));
    return code === 'OK' ? undefined : new GrpcError(code, decodeGrpcMessage(String(end['grpc-message'] ?? '')));
  }
  if (httpStatus === 0) return new GrpcError('Unavailable', 'the connection ended before the call did');
  if (httpStatus === 200) return new GrpcError('Internal', 'the server closed the stream without a status');
  return new GrpcError(codeOfHttp(httpStatus), `unexpected HTTP status code received from server: ${httpStatus}`);
}

/** Go's words for a server that cannot be reached, and ours for one that went away. */
function unavailable(error: Error, path: string): string {
  // Node wraps what befell the connection before the call could be sent.
  const { code, syscall } = (error.cause ?? error) as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    ECONNREFUSED: 'connection refused',
    EACCES: 'permission denied',
  };
  const reason = syscall === 'connect' ? reasons[code ?? ''] : undefined;
  return reason === undefined
    ? `error reading from server: ${error.message}`
    : `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${reason}"`;
}
