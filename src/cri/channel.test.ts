import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { computeEnd, type GrpcChannel, type GrpcMethod, grpcChannel } from './channel.ts';
import { GrpcError } from './grpc-status.ts';
import { frameMessage, MessageReader } from './message-reader.ts';

const echo: GrpcMethod<string, string> = {
  path: '/test.Service/Echo',
  requestSerialize: (text) => Buffer.from(text),
  responseDeserialize: (bytes) => bytes.toString(),
};
const soon = { timeoutMs: 5000 };

type Handler = (stream: ServerHttp2Stream, request: string, headers: IncomingHttpHeaders) => void;

let folder = '';
let path = '';
let server: Http2Server | undefined;
let channel: GrpcChannel;
let connections = 0;

async function serve(handler: Handler): Promise<void> {
  server = createServer();
  server.on('session', () => {
    connections += 1;
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => handler(stream, Buffer.concat(chunks).subarray(5).toString(), headers));
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}

const shut = (): Promise<void> =>
  new Promise((resolve) => {
    if (server === undefined) resolve();
    else server.close(() => resolve());
    server = undefined;
  });

/** Answers as a gRPC server does: messages, then the status. */
function answer(stream: ServerHttp2Stream, messages: readonly string[], status = '0', message?: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'grpc-status': status, ...(message === undefined ? {} : { 'grpc-message': message }) }),
  );
  for (const text of messages) stream.write(frameMessage(Buffer.from(text)));
  stream.end();
}

const failureOf = (call: Promise<unknown>): Promise<GrpcError> =>
  call.then(
    () => {
      throw new Error('the call went well');
    },
    (error: unknown) => {
      if (!(error instanceof GrpcError)) throw error;
      return error;
    },
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-channel-'));
  path = join(folder, 'socket');
  channel = grpcChannel(`unix://${path}`);
  connections = 0;
});

afterEach(async () => {
  channel.close();
  await shut();
  rmSync(folder, { recursive: true });
});

test('a call is answered, with what gRPC asks of a client in its headers', async () => {
  let seen: IncomingHttpHeaders = {};
  await serve((stream, request, headers) => {
    seen = headers;
    answer(stream, [`${request}!`]);
  });
  expect(await channel.unary(echo, 'hello', soon)).toBe('hello!');
  expect(seen).toMatchObject({
    ':path': '/test.Service/Echo',
    ':method': 'POST',
    te: 'trailers',
    'content-type': 'application/grpc',
    'grpc-timeout': '5000m',
  });
});

test('many calls share one connection', async () => {
  await serve((stream, request) => answer(stream, [request]));
  const texts = Array.from({ length: 50 }, (_, i) => `call ${i}`);
  expect(await Promise.all(texts.map((text) => channel.unary(echo, text, soon)))).toEqual(texts);
  expect(connections).toBe(1);
});

test('an answer larger than any window arrives whole', async () => {
  const large = 'x'.repeat(5_000_000);
  await serve((stream) => answer(stream, [large]));
  expect((await channel.unary(echo, 'go', soon)) === large).toBe(true);
});

test('an empty message is an answer too', async () => {
  await serve((stream) => answer(stream, ['']));
  expect(await channel.unary(echo, '', soon)).toBe('');
});

test.each<[string, Handler, string, string]>([
  [
    'a status after the headers',
    (stream) => answer(stream, [], '5', 'no such container: caf%C3%A9'),
    'NotFound',
    'no such container: café',
  ],
  [
    'a status with the headers',
    (stream) =>
      stream.respond({ ':status': 200, 'grpc-status': '12', 'grpc-message': 'unknown method' }, { endStream: true }),
    'Unimplemented',
    'unknown method',
  ],
  ['a number that no status has', (stream) => answer(stream, [], '99', 'odd'), 'Unknown', 'odd'],
  ['success without an answer', (stream) => answer(stream, []), 'Internal', 'without an answer'],
  [
    'a server that is no gRPC server',
    (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
    'Unavailable',
    '503',
  ],
  ['a message that breaks off', (stream) => stream.close(2), 'Unavailable', 'error reading from server'],
  ['a connection that breaks off', (stream) => stream.session?.destroy(), 'Unavailable', ''],
])('%s is an error', async (_name, handler, code, text) => {
  await serve(handler);
  const error = await failureOf(channel.unary(echo, 'hello', soon));
  expect(error.code).toBe(code);
  expect(error.message).toContain(text);
});

test('nobody listens: said as Go says it, and the next call tries again', async () => {
  const error = await failureOf(channel.unary(echo, 'hello', soon));
  expect(error.code).toBe('Unavailable');
  expect(error.message).toBe(
    `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: no such file or directory"`,
  );
  await serve((stream, request) => answer(stream, [request]));
  expect(await channel.unary(echo, 'again', soon)).toBe('again');
});

test('a server that was restarted is found again', async () => {
  await serve((stream, request) => {
    if (request === 'die') stream.session?.destroy();
    else answer(stream, [request]);
  });
  await channel.unary(echo, 'one', soon);
  await failureOf(channel.unary(echo, 'die', soon));
  expect(await channel.unary(echo, 'two', soon)).toBe('two');
  expect(connections).toBe(2);
});

test('a deadline ends the call, and the server hears of it', async () => {
  const cancelled = new Promise<number>((resolve) => {
    void serve((stream) => stream.on('close', () => resolve(stream.rstCode)));
  });
  expect((await failureOf(channel.unary(echo, 'hello', { timeoutMs: 20 }))).code).toBe('DeadlineExceeded');
  expect(await cancelled).toBe(8);
});

test('a signal ends the call; one that was given already makes none', async () => {
  const stop = new AbortController();
  await serve(() => stop.abort());
  expect((await failureOf(channel.unary(echo, 'hello', { ...soon, signal: stop.signal }))).code).toBe('Canceled');
  await expect(
    channel.unary(echo, 'hello', { ...soon, signal: AbortSignal.abort(new Error('too late')) }),
  ).rejects.toThrow('too late');
});

test('close ends what is under way', async () => {
  await serve(() => channel.close());
  expect((await failureOf(channel.unary(echo, 'hello', soon))).code).toBe('Unavailable');
});

describe('a stream', () => {
  test('gives its messages in their order, and then ends', async () => {
    await serve((stream) => answer(stream, ['one', 'two', 'three']));
    const { signal } = new AbortController();
    const seen: string[] = [];
    for await (const text of channel.stream(echo, 'go', signal)) seen.push(text);
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  test('that fails has given what came before', async () => {
    await serve((stream) => answer(stream, ['one'], '14', 'going down'));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const text of channel.stream(echo, 'go', new AbortController().signal)) seen.push(text);
    })();
    expect((await failureOf(reading)).message).toBe('going down');
    expect(seen).toEqual(['one']);
  });

  test('that nobody reads any more is broken off', async () => {
    const closed = new Promise<void>((resolve) => {
      void serve((stream) => {
        stream.respond({ ':status': 200 });
        stream.write(frameMessage(Buffer.from('one')));
        stream.on('close', resolve);
      });
    });
    for await (const text of channel.stream(echo, 'go', new AbortController().signal)) {
      expect(text).toBe('one');
      break;
    }
    await closed;
  });
});

test.each<[string, readonly number[]]>([
  ['byte by byte', Array.from({ length: 40 }, () => 1)],
  ['all at once', [40]],
  ['cut within a prefix', [3, 37]],
  ['cut within a message', [9, 2, 29]],
])('messages are put together: %s', (_name, cuts) => {
  const bytes = Buffer.concat(['first', '', 'the second'].map((text) => frameMessage(Buffer.from(text))));
  const reader = new MessageReader(100);
  const messages: string[] = [];
  let at = 0;
  for (const length of cuts) {
    for (const message of reader.add(bytes.subarray(at, at + length))) messages.push(message.toString());
    at += length;
  }
  expect(messages).toEqual(['first', '', 'the second']);
});

test.each<[string, Buffer, string]>([
  ['too large a message', frameMessage(Buffer.alloc(101)), 'larger than max (101 vs. 100)'],
  ['a compressed one', Buffer.from([1, 0, 0, 0, 0]), 'compressed'],
])('%s is refused', (_name, bytes, text) => {
  expect(() => new MessageReader(100).add(bytes)).toThrow(text);
});

test.each<[Record<string, string> | undefined, number, string | undefined]>([
  [{ 'grpc-status': '0' }, 200, undefined],
  [{ 'grpc-status': '' }, 200, 'Unknown'],
  [undefined, 200, 'Internal'],
  [undefined, 404, 'Unimplemented'],
  [undefined, 0, 'Unavailable'],
])('a call that ends with %j and HTTP %i', (end, httpStatus, code) => {
  expect(computeEnd(end, httpStatus)?.code).toBe(code);
});

test('only unix sockets are endpoints', () => {
  expect(() => grpcChannel('tcp://127.0.0.1:80')).toThrow('only unix sockets');
});
