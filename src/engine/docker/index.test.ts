import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerEngine } from './index.ts';

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-engine-'));
});
afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** Something that answers as the engine does to `docker version` and `docker info`. */
async function serve(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const socket = join(folder, 'docker.sock');
  const made = createServer((request, response) => {
    const body = answers[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { message: 'page not found' }));
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(socket, resolve));
  return `unix://${socket}`;
}

const infoOf = (host: string) => dockerEngine({ env: { DOCKER_HOST: host }, home: folder }).info();
const details = { OperatingSystem: 'Debian', CgroupVersion: '2', NCPU: 4, MemTotal: 1024 };

test('an engine says who it is', async () => {
  const host = await serve({
    '/version': { Version: '28.0.1', ApiVersion: '1.48' },
    '/info': { ...details, SecurityOptions: ['name=rootless'] },
  });
  expect(await infoOf(host)).toMatchObject({ version: '28.0.1', cgroupVersion: '2', rootless: true, cpus: 4 });
});

test('one that is too old is refused', async () => {
  const host = await serve({ '/version': { Version: '19.03.5', ApiVersion: '1.40' }, '/info': details });
  await expect(infoOf(host)).rejects.toMatchObject({
    code: 'ENGINE_TOO_OLD',
    message: expect.stringContaining('19.03.5'),
  });
});

test('nothing there', async () => {
  const host = `unix://${join(folder, 'none.sock')}`;
  await expect(infoOf(host)).rejects.toMatchObject({
    code: 'ENGINE_NOT_RUNNING',
    message: expect.stringContaining(host),
  });
});

test('something else answers', async () => {
  await expect(infoOf(await serve({}))).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
});
