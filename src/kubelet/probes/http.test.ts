import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type Server as RawServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type HttpProbe, probeHttp } from './http.ts';
import { probeTcp } from './tcp.ts';

let server: Server | undefined;
let rawServer: RawServer | undefined;
afterEach(() => {
  rawServer?.close();
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<number> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return (started.address() as AddressInfo).port;
}

/** A server that answers what it likes once it was asked. */
async function serveRaw(answer: (socket: Socket) => void): Promise<number> {
  const started = createRawServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  rawServer = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return (started.address() as AddressInfo).port;
}

const aProbe = (port: number, overrides: Partial<HttpProbe> = {}): HttpProbe => ({
  scheme: 'http',
  host: '127.0.0.1',
  port,
  path: '/healthz',
  headers: [],
  timeoutMs: 1000,
  userAgent: 'kube-probe/1.37',
  ...overrides,
});

describe('probeHttp', () => {
  test.each([
    [200, { kind: 'success' }],
    [204, { kind: 'success' }],
    [399, { kind: 'warning', output: 'Probe terminated redirects, Response body: ' }],
    [404, { kind: 'failure', output: 'HTTP probe failed with statuscode: 404' }],
    [500, { kind: 'failure', output: 'HTTP probe failed with statuscode: 500' }],
  ])('status %i', async (status, expected) => {
    const port = await serve((_request, response) => response.writeHead(status).end());
    expect(await probeHttp(aProbe(port))).toEqual(expected);
  });

  test('sends the default headers, and the spec’s own above them', async () => {
    let seen: Record<string, unknown> = {};
    const port = await serve((request, response) => {
      seen = request.headers;
      response.end();
    });
    const headers = [
      { name: 'user-agent', value: 'mine/1' },
      { name: 'Accept', value: '' },
      { name: 'Host', value: 'example.test' },
    ];
    await probeHttp(aProbe(port, { headers }));
    expect(seen).toMatchObject({ 'user-agent': 'mine/1', host: 'example.test' });
    expect(seen).not.toHaveProperty('accept');
  });

  test('follows a redirect to the same host', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/healthz') response.writeHead(302, { location: '/other' }).end();
      else response.writeHead(200).end();
    });
    expect(await probeHttp(aProbe(port))).toEqual({ kind: 'success' });
  });

  test('a redirect to another host is a warning', async () => {
    const port = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://elsewhere.test/' }).end('moved'),
    );
    expect(await probeHttp(aProbe(port))).toEqual({
      kind: 'warning',
      output: 'Probe terminated redirects, Response body: moved',
    });
  });

  test('endless redirects fail after ten requests', async () => {
    let requests = 0;
    const port = await serve((_request, response) => {
      requests += 1;
      response.writeHead(302, { location: '/healthz' }).end();
    });
    expect(await probeHttp(aProbe(port))).toEqual({
      kind: 'failure',
      output: 'Get "/healthz": stopped after 10 redirects',
    });
    expect(requests).toBe(10);
  });

  test('a Host of its own goes along to another path, but not to another address', async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      seen.push(request.headers.host, request.headers.referer);
      const next = { '/healthz': '/other', '/other': `http://127.0.0.1:${port}/third` }[request.url ?? ''];
      response.writeHead(next === undefined ? 200 : 302, next === undefined ? {} : { location: next }).end();
    });
    const headers = [{ name: 'Host', value: 'example.test' }];
    expect(await probeHttp(aProbe(port, { headers }))).toEqual({ kind: 'success' });
    const url = `http://127.0.0.1:${port}`;
    expect(seen).toEqual([
      'example.test',
      undefined,
      'example.test',
      `${url}/healthz`,
      `127.0.0.1:${port}`,
      `${url}/other`,
    ]);
  });

  test.each([
    ['ends early', (socket: Socket) => socket.end(), 'unexpected EOF'],
    [
      'comes to a halt',
      () => undefined,
      'context deadline exceeded (Client.Timeout or context cancellation while reading body)',
    ],
  ])('a body that %s says nothing of the container', async (_name, then, message) => {
    const port = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
      then(socket);
    });
    expect(await probeHttp(aProbe(port, { timeoutMs: 200 }))).toEqual({ kind: 'error', state: 'failure', message });
  });

  test.each([
    ['ends its lines with line feeds', 'HTTP/1.1 200 OK\n\n ok'],
    ['has very long headers', `HTTP/1.1 200 OK\r\nX-Trace: ${'a'.repeat(40_000)}\r\n\r\nok`],
    [
      'tells its length in two ways',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['says more than it has announced', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok and more'],
  ])('a server that %s is understood', async (_name, answer) => {
    const port = await serveRaw((socket) => socket.end(answer));
    expect(await probeHttp(aProbe(port))).toEqual({ kind: 'success' });
  });

  test.each([
    ['hangs up', 'http', (socket: Socket) => socket.end(), 'EOF'],
    [
      'speaks HTTP/2',
      'http',
      (socket: Socket) => socket.end(Buffer.from([0, 0, 0x18, 4, 0xff])),
      'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x00\\x00\\x18\\x04\\xff"',
    ],
    [
      'speaks no TLS',
      'https',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'http: server gave HTTP response to HTTPS client',
    ],
  ] as const)('a server that %s fails as upstream says it', async (_name, scheme, answer, reason) => {
    const port = await serveRaw(answer);
    expect(await probeHttp(aProbe(port, { scheme }))).toEqual({
      kind: 'failure',
      output: `Get "${scheme}://127.0.0.1:${port}/healthz": ${reason}`,
    });
  });

  test.each([
    ['a redirect that leads nowhere', 302, undefined],
    ['an answer that is no redirect', 304, '/other'],
  ])('%s is a warning', async (_name, status, location) => {
    const port = await serve((_request, response) =>
      response.writeHead(status, location === undefined ? {} : { location }).end(),
    );
    expect(await probeHttp(aProbe(port))).toEqual({
      kind: 'warning',
      output: 'Probe terminated redirects, Response body: ',
    });
  });

  test('a server that does not answer in time fails as upstream says it', async () => {
    const port = await serve(() => undefined);
    expect(await probeHttp(aProbe(port, { timeoutMs: 50 }))).toEqual({
      kind: 'failure',
      output: `Get "http://127.0.0.1:${port}/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
  });

  test('nobody listens', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    expect(await probeHttp(aProbe(port))).toEqual({
      kind: 'failure',
      output: `Get "http://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });
});

test('probeTcp: open and closed', async () => {
  const port = await serve(() => undefined);
  expect(await probeTcp('127.0.0.1', port, 1000)).toEqual({ kind: 'success' });
  await new Promise((resolve) => server?.close(resolve));
  expect(await probeTcp('127.0.0.1', port, 1000)).toEqual({
    kind: 'failure',
    output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
  expect(await probeTcp('localhost', port, 1000)).toEqual({
    kind: 'failure',
    output: expect.stringMatching(`^dial tcp (127.0.0.1|\\[::1\\]):${port}: connect: connection refused`),
  });
  expect(await probeTcp('::1', port, 1000)).toEqual({
    kind: 'failure',
    output: expect.stringMatching(`^dial tcp \\[::1\\]:${port}: connect: `),
  });
});
