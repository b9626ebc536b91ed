import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { describeHookFailure, runHook } from './hooks.ts';

/** Asks a server that speaks plain HTTP; answers what reached it, and which fallbacks were told of. */
async function ask(scheme: string, listening = true) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.writeHead(500).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (!listening) server.close();
  const fallbacks: string[] = [];
  const clock = new FakeClock();
  const httpGet = { host: '127.0.0.1', port, path: '/', scheme, httpHeaders: [{ name: 'Authorization', value: 'x' }] };
  const target = { containerId: 'c', ports: [], podIp: '' };
  const ports = { cri: fakeCri(clock), clock, version: '1.37', onFallback: (host: string) => fallbacks.push(host) };
  const error = await runHook({ httpGet }, target, ports, new AbortController().signal).then(
    () => undefined,
    (problem: Error) => problem.message,
  );
  server.close();
  server.closeAllConnections();
  return { seen, fallbacks, port, error };
}

test('over HTTP: any answer is a good one', async () => {
  const { seen, fallbacks, error } = await ask('HTTP');
  expect(error).toBeUndefined();
  expect(seen[0]).toMatchObject({ authorization: 'x', 'user-agent': 'kube-lifecycle/1.37' });
  expect(fallbacks).toEqual([]);
});

test('over HTTPS where there is none: once more in the open, without what is secret', async () => {
  const { seen, fallbacks, port, error } = await ask('HTTPS');
  expect(error).toBeUndefined();
  expect(seen).toHaveLength(1);
  expect(seen[0]).not.toHaveProperty('authorization');
  expect(fallbacks).toEqual([`127.0.0.1:${port}`]);
});

test('a hook goes where it is sent, as long as that is on the same host', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const location = { '/stop': '/stop/', '/stop/': 'http://elsewhere.test/' }[request.url ?? ''];
    response.writeHead(302, location === undefined ? {} : { location }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clock = new FakeClock();
  const target = { containerId: 'c', ports: [{ name: 'http', containerPort: port }], podIp: '127.0.0.1' };
  const ports = { cri: fakeCri(clock), clock, version: '1.37', onFallback: () => {} };
  const { signal } = new AbortController();
  await runHook({ httpGet: { port: 'http', path: '/stop' } }, target, ports, signal);
  expect(asked).toEqual(['/stop', '/stop/']);
  await expect(runHook({ httpGet: { port: 'web' } }, target, ports, signal)).rejects.toThrow('port "web" not found');
  server.close();
});

test('where nobody listens it fails, and nothing is tried again', async () => {
  const { port, error, fallbacks } = await ask('HTTPS', false);
  expect(error).toBe(`Get "https://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`);
  expect(fallbacks).toEqual([]);
});

test.each([
  [
    { httpGet: { path: '/x', port: 80 } },
    'HTTP lifecycle hook (/x) for Container "c" in Pod "p_n(u)" failed - error: no',
  ],
  [{ sleep: { seconds: 3 } }, 'Sleep lifecycle hook (3) for Container "c" in Pod "p_n(u)" failed - error: no'],
  [
    { exec: { command: ['/nope', 'x'] } },
    'Exec lifecycle hook ([/nope x]) for Container "c" in Pod "p_n(u)" failed - error: no, message: ""',
  ],
])('%j that failed is described', (handler, wanted) => {
  expect(describeHookFailure(handler, 'c', 'p_n(u)', new Error('no'))).toBe(wanted);
});
