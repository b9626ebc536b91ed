import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Headers that belong to one connection and are written anew for the next; Upgrade and Connection are the point of it. */
const own = ['host', 'authorization', 'x-remote-user', 'x-remote-group', 'x-forwarded-for', 'x-forwarded-uri'];

const renderHead = (request: IncomingMessage, target: URL): string => {
  const headers: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    if (!own.includes(name.toLowerCase())) headers.push(`${name}: ${request.rawHeaders[i + 1] ?? ''}`);
  }
  return [
    `${request.method} ${target.pathname}${target.search} HTTP/1.1`,
    `Host: ${target.host}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
};

/**
 * Hands an upgraded connection on to the runtime's streaming server, byte for byte both ways; what is spoken on it
 * (SPDY or WebSocket) is the caller's and the runtime's business. Half-closing goes through, so that neither the end
 * of stdin nor the last of stdout is lost. Resolves when both directions have ended; rejects, with the client still
 * there to be answered, when the runtime's server cannot be reached.
 */
export async function proxyUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, target: URL): Promise<void> {
  const runtime = await reach(target);
  // The caller may have gone while the runtime was asked; nobody would end the stream then.
  if (client.destroyed) {
    runtime.destroy();
    return;
  }
  if ('setNoDelay' in client) (client as Socket).setNoDelay(true);
  runtime.once('error', () => client.destroy());
  client.once('error', () => runtime.destroy());
  const ended = Promise.all([closed(runtime), closed(client)]);
  runtime.once('close', () => client.end());
  client.once('close', () => runtime.end());
  runtime.write(renderHead(request, target));
  if (head.length > 0) runtime.write(head);
  client.pipe(runtime);
  runtime.pipe(client);
  await ended;
}

function reach(target: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const runtime = connect({ host: target.hostname, port: Number(target.port || 80), allowHalfOpen: true });
    runtime.setNoDelay(true);
    runtime.once('error', reject);
    runtime.once('connect', () => {
      runtime.off('error', reject);
      resolve(runtime);
    });
  });
}

const closed = (stream: Duplex): Promise<void> => new Promise((resolve) => stream.once('close', () => resolve()));

/** A plain HTTP answer on a connection that asked to be upgraded and is not. */
export function refuseUpgrade(client: Duplex, status: number, reason: string, text: string): void {
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    // The runtime keeps a stream that nobody came for this long.
    ...(status === 429 ? ['Retry-After: 60'] : []),
    'Connection: close',
  ];
  client.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
