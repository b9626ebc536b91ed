import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { matchPath } from '../router.ts';
import { nodeLogsRoute } from './node-logs.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-node-logs-'));
  mkdirSync(join(folder, 'log/pods'), { recursive: true });
  writeFileSync(join(folder, 'log/syslog'), 'one\ntwo\n');
  writeFileSync(join(folder, 'log/empty'), '');
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(folder, 'log/outside'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the route answers over real HTTP; its own failure is told as status 500. */
async function ask(path: string, { enabled = true, root = join(folder, 'log') } = {}) {
  const route = nodeLogsRoute(root, { enabled, queries: true });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://node');
    const params = matchPath(route.path, url.pathname) ?? {};
    Promise.resolve(route.handle({ request, response, url, params })).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, body: await answer.text() };
  } finally {
    server.close();
  }
}

test.each<[string, number, RegExp]>([
  ['/logs/', 200, /<a href="empty">empty<\/a>\n<a href="outside">.*<a href="pods\/">pods\/<\/a>/s],
  ['/logs/syslog', 200, /^one\ntwo\n$/],
  ['/logs/empty', 200, /^$/],
  ['/logs/nothing', 404, /^404 page not found\n$/],
  ['/logs/outside', 404, /^404 page not found\n$/],
  ['/logs/%2e%2e%2fsecret', 404, /^404 page not found\n$/],
])('%s is answered with %i', async (path, status, body) => {
  const answer = await ask(path);
  expect(answer.status).toBe(status);
  expect(answer.body).toMatch(body);
});

test.each<[string, number, RegExp]>([
  ['/logs/?query=/syslog', 200, /^one\ntwo\n$/],
  ['/logs/?query=syslog', 200, /^one\ntwo\n$/],
  ['/logs/?query=no-such-service', 200, /^\nlog not found for no-such-service\n$/],
  ['/logs/?query=syslog&tailLines=1', 200, /options present and query resolved to log files for \[syslog\]/],
  ['/logs/?query=/../secret', 404, /^404 page not found\n$/],
  ['/logs/syslog?query=kubelet', 406, /^path not allowed in query mode\n$/],
  ['/logs/?query=a%20b', 406, /input contains unsupported characters/],
  ['/logs/?query=kubelet&boot=x', 400, /^boot: Invalid value/],
])('query %s is answered with %i', async (path, status, body) => {
  const answer = await ask(path);
  expect(answer.body).toMatch(body);
  expect(answer.status).toBe(status);
});

test('turned off', async () => expect(await ask('/logs/syslog', { enabled: false })).toMatchObject({ status: 405 }));

test('a file that cannot be read is an error, and no more', async () => {
  // What the kernel refuses to read at its beginning, whoever asks.
  await expect(ask('/logs/mem', { root: '/proc/self' })).rejects.toThrow();
  expect(await ask('/logs/syslog')).toMatchObject({ status: 200 });
});
