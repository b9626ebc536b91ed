import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { ApiError } from './errors.ts';

/** PEM texts for TLS; whichever is absent is not used. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecureSkipVerify?: boolean;
}

export interface Http2TransportOptions {
  /** `https://host:port` */
  readonly server: string;
  /** Asked at every new connection, so that a rotated certificate is used by the next one. */
  readonly tls: () => TlsMaterial;
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: ClientHttp2Stream;
}

export interface Http2Transport {
  /** Resolves when the headers are there; rejects with an `ApiError` of code 0 when there is no answer. */
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

/** Until the server has said how many streams it takes on one connection. */
const assumedStreams = 100;
/** As Go's client: ask after this much silence, give up after that much more. */
const pingEveryMs = 30_000;
const pingTimeoutMs = 15_000;

interface Connection {
  readonly session: ClientHttp2Session;
  streams: number;
}

/**
 * Requests and watches of one API server share few connections, as Go's client does: with one connection a watch,
 * a node's hundreds of ConfigMap watches would be hundreds of sockets.
 */
export function http2Transport({ server, tls }: Http2TransportOptions): Http2Transport {
  let connections: Connection[] = [];

  const drop = (connection: Connection) => {
    connections = connections.filter((c) => c !== connection);
  };

  function open(): Connection {
    const { ca, cert, key, insecureSkipVerify } = tls();
    const session = connect(server, {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      rejectUnauthorized: insecureSkipVerify !== true,
      settings: { initialWindowSize: 1024 * 1024 },
    });
    // One listener for each request in flight.
    session.setMaxListeners(0);
    const connection: Connection = { session, streams: 0 };
    const pinger = setInterval(() => pingOrDestroy(session), pingEveryMs);
    pinger.unref();
    session.on('goaway', () => drop(connection));
    session.on('error', () => drop(connection));
    session.on('close', () => {
      clearInterval(pinger);
      drop(connection);
    });
    connections.push(connection);
    return connection;
  }

  const free = (): Connection =>
    connections.find(
      ({ session, streams }) =>
        !session.closed &&
        !session.destroyed &&
        streams < (session.remoteSettings?.maxConcurrentStreams ?? assumedStreams),
    ) ?? open();

  return {
    send({ method, path, headers, body, signal }) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const connection = free();
        const stream = connection.session.request(
          {
            [constants.HTTP2_HEADER_METHOD]: method,
            [constants.HTTP2_HEADER_PATH]: path,
            ...headers,
          },
          { endStream: body === undefined },
        );
        connection.streams += 1;
        const abort = () => stream.close(constants.NGHTTP2_CANCEL);
        signal?.addEventListener('abort', abort, { once: true });
        let sessionError: Error | undefined;
        const onSessionError = (error: Error) => {
          sessionError = error;
        };
        connection.session.once('error', onSessionError);
        const fail = (error: Error) => {
          reject(signal?.aborted ? signal.reason : unreachable(server, sessionError ?? error));
        };
        let answered = false;
        stream.once('response', (answer) => {
          answered = true;
          resolve({ status: Number(answer[constants.HTTP2_HEADER_STATUS]), body: stream });
        });
        stream.once('error', fail);
        stream.once('close', () => {
          connection.streams -= 1;
          connection.session.removeListener('error', onSessionError);
          signal?.removeEventListener('abort', abort);
          if (!answered) fail(new Error('the connection was closed before an answer came'));
        });
        if (body !== undefined) stream.end(body);
      });
    },
    close() {
      for (const { session } of connections) session.destroy();
      connections = [];
    },
  };
}

function pingOrDestroy(session: ClientHttp2Session): void {
  if (session.closed || session.destroyed || session.connecting) return;
  const timer = setTimeout(() => session.destroy(new Error('no answer to a ping')), pingTimeoutMs);
  timer.unref();
  session.ping(() => clearTimeout(timer));
}

const unreachable = (server: string, cause: Error): ApiError =>
  new ApiError(0, 'Unreachable', `cannot reach ${server}: ${cause.message}`, { cause });
