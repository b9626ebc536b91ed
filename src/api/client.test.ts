import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { kubeApi } from './client.ts';
import type { KubeApi } from './port.ts';

let server: Http2Server | undefined;
let api: KubeApi;

/** An API server that treats every request alike. */
async function serve(handler: (stream: ServerHttp2Stream) => void): Promise<void> {
  const made = createServer();
  server = made;
  made.on('stream', (stream) => {
    stream.on('error', () => undefined);
    handler(stream);
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  api = kubeApi({ server: `http://127.0.0.1:${(made.address() as AddressInfo).port}` });
}

const answer = (stream: ServerHttp2Stream, status: number, body: unknown): void => {
  stream.respond({ ':status': status });
  stream.end(JSON.stringify(body));
};

afterEach(() => {
  api.closeConnections();
  server?.close();
});

test('what the server answers', async () => {
  await serve((stream) => answer(stream, 200, { kind: 'Pod' }));
  expect(await api.get('/api/v1/x')).toEqual({ kind: 'Pod' });
});

test('a refusal is an ApiError with the server’s words', async () => {
  await serve((stream) => answer(stream, 404, { kind: 'Status', reason: 'NotFound', message: 'no such pod' }));
  await expect(api.get('/api/v1/x')).rejects.toMatchObject({ code: 404, reason: 'NotFound', message: 'no such pod' });
});

test('a server that does not answer in time', async () => {
  await serve(() => undefined);
  await expect(api.get('/api/v1/x', { timeoutMs: 20 })).rejects.toMatchObject({ code: 0, reason: 'Timeout' });
});

test('one that begins to answer and does not end in time', async () => {
  await serve((stream) => {
    stream.respond({ ':status': 200 });
    stream.write('{');
  });
  await expect(api.get('/api/v1/x', { timeoutMs: 20 })).rejects.toMatchObject({ code: 0, reason: 'Timeout' });
});

test('who asked may lose interest, before and after', async () => {
  const stop = new AbortController();
  await serve(() => stop.abort(new Error('not any more')));
  await expect(api.get('/api/v1/x', { signal: stop.signal })).rejects.toThrow('not any more');
  await expect(api.get('/api/v1/x', { signal: stop.signal })).rejects.toThrow('not any more');
});

test('a connection that breaks off is nobody’s answer', async () => {
  await serve((stream) => stream.session?.destroy());
  await expect(api.get('/api/v1/x')).rejects.toMatchObject({ code: 0, reason: 'Unreachable' });
});
