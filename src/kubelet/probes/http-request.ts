import { request as requestHttp } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Headers } from './request-headers.ts';
import type { RequestTarget } from './request-target.ts';

export interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** The status has come, the rest of the answer has not. */
export class BodyBroken extends Error {}

export const timedOut = 'context deadline exceeded';
const maxBodyBytes = 10 * 1024;
/**
 * Servers of a few lines, of shell and netcat say, end lines without a carriage return and more; they have always been
 * understood by kubelets.
 */
const lenient = { insecureHTTPParser: true, maxHeaderSize: 2 ** 20 } as const;

/** One GET over a connection of its own: HTTP/2 with servers that choose it while they agree on TLS, as Go's client does. */
export async function request(target: RequestTarget, headers: Headers, signal: AbortSignal): Promise<Answer> {
  if (target.scheme === 'http') return overHttp1(target, headers, undefined, signal);
  const socket = await openTls(target, signal);
  return socket.alpnProtocol === 'h2'
    ? overHttp2(target, headers, socket, signal)
    : overHttp1(target, headers, socket, signal);
}

/** Nobody is verified; an address is no name to ask for. */
function openTls({ host, port }: RequestTarget, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const servername = isIP(host) ? '' : host;
    const protocols = { ALPNProtocols: ['h2', 'http/1.1'] };
    const socket = connectTls({ host, port, servername, rejectUnauthorized: false, ...protocols });
    const stop = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(socket));
  });
}

function overHttp1(
  { host, port, path }: RequestTarget,
  headers: Headers,
  socket: TLSSocket | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const connection = socket === undefined ? { agent: false } : { createConnection: () => socket };
    let answered = false;
    const sent = requestHttp({ host, port, path, headers, signal, ...connection, ...lenient }, (response) => {
      answered = true;
      finish(response.statusCode ?? 0, response.headers, response, signal).then(resolve, reject);
    });
    // From the answer on, whoever reads its body hears of the end first-hand.
    sent.on('error', (error) => {
      if (!answered) reject(error);
    });
    sent.end();
  });
}

function overHttp2(
  { authority, path }: RequestTarget,
  { Host, Connection: _, ...headers }: Headers,
  socket: TLSSocket,
  signal: AbortSignal,
): Promise<Answer> {
  const session = connectHttp2(`https://${authority}`, { createConnection: () => socket });
  return new Promise<Answer>((resolve, reject) => {
    session.on('error', reject);
    const own = { ':path': path, ':authority': String(Host ?? authority) };
    const stream = session.request({ ...headers, ...own }, { signal });
    let answered = false;
    stream.on('error', (error) => {
      if (!answered) reject(error);
    });
    stream.on('response', (seen) => {
      answered = true;
      finish(seen[':status'] ?? 0, seen, stream, signal).then(resolve, reject);
    });
    stream.on('close', () => {
      if (!answered) reject(new Error('EOF'));
    });
  }).finally(() => session.destroy());
}

async function finish(
  status: number,
  { location }: IncomingHttpHeaders,
  stream: Readable,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    return { status, location, body: await readBody(stream) };
  } catch {
    const late = `${timedOut} (Client.Timeout or context cancellation while reading body)`;
    throw new BodyBroken(signal.aborted ? late : 'unexpected EOF');
  }
}

/** The body's first part; the rest is not waited for, as a probe needs the status only. */
async function readBody(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= maxBodyBytes) break;
  }
  stream.destroy();
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString('utf8');
}
