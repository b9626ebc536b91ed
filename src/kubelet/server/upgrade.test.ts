import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CriError } from '../../cri/port.ts';
import { aContainer, aPod, aSandbox, aSeen, aSeenPod, exited, running } from '../test-builders.ts';
import { aServer, nobody, type TestServer } from './testing.ts';

/** The runtime's streaming server: what it does with the next connection is each test's own. */
let serve: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
let asked: unknown[] = [];
let failure: Error | undefined;
let server: TestServer;
const runtime = createServer();
runtime.on('upgrade', (request, socket, head) => {
  socket.on('error', () => undefined);
  serve(request, socket, head);
});

beforeAll(async () => {
  runtime.listen(0, '127.0.0.1');
  await once(runtime, 'listening');
  const answer = async (...request: unknown[]): Promise<string> => {
    asked.push(...request);
    if (failure !== undefined) throw failure;
    return `http://127.0.0.1:${(runtime.address() as AddressInfo).port}/stream/token1?a=b`;
  };
  server = await aServer({
    pods: [
      aPod({ containers: [aContainer('main', { tty: true })] }),
      aPod({ containers: [aContainer('main')] }, { name: 'done', uid: 'uid-2' }),
    ],
    seen: [
      aSeenPod([aSeen('main', exited(0))], { uid: 'uid-2', sandboxes: [aSandbox({ ready: false })] }),
      aSeenPod([aSeen('main', running), aSeen('main', running, { id: 'older' })], {
        sandboxes: [aSandbox({ id: 'box' })],
      }),
    ],
    cri: { exec: answer, attach: answer, portForward: answer },
  });
});
afterAll(() => {
  server.close();
  runtime.close();
});
beforeEach(() => {
  asked = [];
  failure = undefined;
});

const spdy = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };

/** Asks for an upgrade; the connection, or the answer that refuses it. */
async function upgrade(path: string, options: Parameters<TestServer['open']>[1] = {}) {
  const request = server.open(path, { method: 'POST', ...options, headers: { ...spdy, ...options.headers } });
  request.end();
  return new Promise<{ socket: Duplex; head: Buffer } | { status: number; body: string }>((resolve, reject) => {
    request.once('error', reject);
    request.once('upgrade', (_response, socket, head) => resolve({ socket, head }));
    request.once('response', async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
    });
  });
}

async function connected(path: string, options: Parameters<TestServer['open']>[1] = {}): Promise<Duplex> {
  const answer = await upgrade(path, options);
  if (!('socket' in answer)) throw new Error(`refused: ${answer.status} ${answer.body}`);
  if (answer.head.length > 0) answer.socket.unshift(answer.head);
  return answer.socket;
}

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n';

async function all(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('what the runtime is asked for', () => {
  test.each<[string, unknown[]]>([
    [
      '/exec/default/web/main?command=sh&command=-c&command=a%20b&input=1&output=1&error=1',
      [{ containerId: 'main-0', command: ['sh', '-c', 'a b'], stdin: true, stdout: true, stderr: true, tty: false }],
    ],
    [
      '/exec/default/web/mirror-uid/main?command=sh&output=1&error=1&tty=1',
      [{ containerId: 'main-0', command: ['sh'], stdin: false, stdout: true, stderr: false, tty: true }],
    ],
    [
      '/attach/default/web/main?input=1&output=1&error=1',
      [{ containerId: 'main-0', stdin: true, stdout: true, stderr: false, tty: true }],
    ],
    ['/portForward/default/web', ['box', []]],
    // Ports of SPDY come on its streams.
    ['/portForward/default/web/uid-1?port=no', ['box', []]],
  ])('%s', async (path, expected) => {
    serve = (_request, socket) => socket.end(switching);
    (await connected(path)).destroy();
    expect(asked).toEqual(expected);
  });

  test.each<[string, string, readonly number[]]>([
    ['v4.channel.k8s.io', '?port=80,81&port=82', [80, 81, 82]],
    ['v4.channel.k8s.io, SPDY/3.1+portforward.k8s.io', '', []],
  ])('WebSocket %s with %j', async (protocol, query, ports) => {
    serve = (_request, socket) => socket.end(switching);
    const headers = { upgrade: 'websocket', 'sec-websocket-protocol': protocol };
    (await connected(`/portForward/default/web${query}`, { headers })).destroy();
    expect(asked).toEqual(['box', ports]);
  });
});

test('the runtime gets the request’s headers, but not who asked', async () => {
  let seen: IncomingMessage | undefined;
  serve = (request, socket) => {
    seen = request;
    socket.end(switching);
  };
  const headers = {
    authorization: 'Bearer good',
    'x-stream-protocol-version': ['v4.channel.k8s.io', 'channel.k8s.io'],
  };
  (await connected('/exec/default/web/main?command=ls&output=1', { ...nobody, headers })).destroy();
  expect(seen?.url).toBe('/stream/token1?a=b');
  expect(seen?.headers).toMatchObject({
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': 'v4.channel.k8s.io, channel.k8s.io',
  });
  expect(seen?.headers.authorization).toBeUndefined();
});

test('much output arrives whole, though the runtime closes at once', async () => {
  const output = randomBytes(20 * 1024 * 1024);
  serve = (_request, socket) => {
    socket.write(switching);
    socket.end(output);
  };
  const socket = await connected('/exec/default/web/main?command=cat&output=1');
  expect((await all(socket)).equals(output)).toBe(true);
});

test('a reader that waits holds the runtime back instead of filling memory', async () => {
  const total = 64 * 1024 * 1024;
  let sent = 0;
  serve = (_request, socket) => {
    socket.write(switching);
    const more = () => {
      while (sent < total) {
        sent += 64 * 1024;
        if (!socket.write(Buffer.alloc(64 * 1024))) return void socket.once('drain', more);
      }
      socket.end();
    };
    more();
  };
  const socket = await connected('/exec/default/web/main?command=cat&output=1');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(sent).toBeLessThan(total);
  expect((await all(socket)).length).toBe(total);
});

test('much input arrives whole, and what comes at once with the request too', async () => {
  const input = randomBytes(5 * 1024 * 1024);
  const got = new Promise<Buffer>((resolve) => {
    serve = (_request, socket, head) => {
      const chunks = [head];
      let length = head.length;
      socket.write(switching);
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length < input.length) return;
        resolve(Buffer.concat(chunks));
        socket.end('done');
      });
    };
  });
  const socket = await connected('/exec/default/web/main?command=cat&input=1&output=1');
  socket.write(input);
  expect((await got).equals(input)).toBe(true);
  expect((await all(socket)).toString()).toBe('done');
});

test('a caller that goes away ends the runtime’s stream', async () => {
  const ended = new Promise<void>((resolve) => {
    serve = (_request, socket) => {
      socket.write(switching);
      socket.on('end', resolve);
      socket.resume();
    };
  });
  (await connected('/attach/default/web/main?output=1')).destroy();
  await ended;
});

describe('refusals', () => {
  const path = '/exec/default/web/main?command=ls&output=1';
  test.each<[string, Error, number, string]>([
    ['the container is gone', new CriError('Exec', 'notFound', 'NotFound', 'no container'), 404, 'no container'],
    ['too many streams', new CriError('Exec', 'resourceExhausted', 'ResourceExhausted', 'full'), 429, 'full'],
    ['anything else', new CriError('Exec', 'other', 'Unknown', 'broken'), 500, 'broken'],
  ])('%s', async (_name, error, status, body) => {
    failure = error;
    expect(await upgrade(path)).toEqual({ status, body });
  });

  test('too many streams: when to come again', async () => {
    failure = new CriError('Exec', 'resourceExhausted', 'ResourceExhausted', 'full');
    const request = server.open(path, { method: 'POST', headers: spdy });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.headers['retry-after']).toBe('60');
    response.destroy();
  });

  test.each<[string, string, number, string]>([
    [
      'no stream is asked for',
      '/exec/default/web/main?command=ls',
      400,
      'you must specify at least 1 of stdin, stdout, stderr',
    ],
    ['a pod that is not here', '/exec/default/gone/main?command=ls&output=1', 404, 'pod does not exist'],
    ['another pod of the name', '/portForward/default/web/another', 404, 'pod not found'],
  ])('%s', async (_name, asking, status, body) => {
    expect(await upgrade(asking)).toEqual({ status, body });
    expect(asked).toEqual([]);
  });

  test.each([
    ['', 'query parameter "port" is required'],
    ['?port=', 'query parameter "port" cannot be empty'],
    ['?port=0', 'port "0" must be > 0'],
    ['?port=80,x', 'unable to parse "x" as a port: strconv.ParseUint: parsing "x": invalid syntax'],
    ['?port=70000', 'unable to parse "70000" as a port: strconv.ParseUint: parsing "70000": value out of range'],
  ])('a WebSocket without a port to go to: %j', async (query, body) => {
    const headers = { upgrade: 'websocket' };
    expect(await upgrade(`/portForward/default/web${query}`, { headers })).toEqual({ status: 400, body });
    expect(asked).toEqual([]);
  });

  test.each([
    ['/exec/default/done/main?command=ls&output=1', 'container not found ("main")'],
    ['/attach/default/done/main?output=1', 'container main not found in pod done_default'],
    ['/portForward/default/done', 'pod not found ("done_default")'],
  ])('nothing runs there any more: %s', async (asking, body) => {
    expect(await upgrade(asking)).toEqual({ status: 500, body });
    expect(asked).toEqual([]);
  });

  test('who is not known', async () => {
    expect(await upgrade(path, nobody)).toEqual({ status: 401, body: 'Unauthorized' });
    expect(asked).toEqual([]);
  });

  test('what the runtime’s server refuses itself goes through as it is', async () => {
    serve = (_request, socket) =>
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\nConnection: close\r\n\r\nexpired');
    expect(await upgrade(path)).toEqual({ status: 404, body: 'expired' });
  });
});

test('a runtime whose server cannot be reached is an error, not silence', async () => {
  const own = await aServer({
    pods: [aPod({ containers: [aContainer('main')] })],
    seen: [aSeenPod([aSeen('main', running)])],
    cri: { exec: async () => 'http://127.0.0.1:1/stream' },
  });
  const request = own.open('/exec/default/web/main?command=ls&output=1', { method: 'POST', headers: spdy });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(500);
  response.destroy();
  own.close();
});
