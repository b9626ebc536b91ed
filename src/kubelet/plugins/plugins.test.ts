import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { RegistrationService } from '../../cri/generated/pluginregistration.ts';
import { createJournal } from '../../journal/journal.ts';
import { pluginWatcher } from './index.ts';

let folder: string;
let stop: AbortController;
let watching: Promise<void>;
let known: Set<string>;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugins-'));
  known = new Set();
  stop = new AbortController();
  const handler = {
    register: async ({ name }: { name: string }) => void known.add(name),
    unregister: ({ name }: { name: string }) => void known.delete(name),
  };
  const journal = createJournal(systemClock, []);
  watching = pluginWatcher({ folder, clock: systemClock, journal, handlers: { Test: handler } }).run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await watching;
  for (const server of servers.splice(0)) server.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});

/** A plugin whose socket is the path below the folder. */
async function serve(path: string): Promise<Server> {
  const server = new Server();
  servers.push(server);
  server.addService(RegistrationService, {
    getInfo: (_call: unknown, done: (error: null, info: object) => void) =>
      done(null, { type: 'Test', name: path, endpoint: '', supportedVersions: ['1.0.0'] }),
    notifyRegistrationStatus: (_call: unknown, done: (error: null, answer: object) => void) => done(null, {}),
  });
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${join(folder, path)}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
  return server;
}
const hasOnly = (...names: string[]) => vi.waitFor(() => expect([...known].sort()).toEqual(names.sort()));

test('sockets are found in the folder and in those below it, whenever they are made, until they go', async () => {
  await serve('top.sock');
  await serve('sub/deeper/first.sock');
  await hasOnly('top.sock', 'sub/deeper/first.sock');
  await serve('sub/deeper/second.sock');
  await hasOnly('top.sock', 'sub/deeper/first.sock', 'sub/deeper/second.sock');
  rmSync(join(folder, 'sub'), { recursive: true });
  await hasOnly('top.sock');
});

test('what begins with a dot is not meant for the kubelet', async () => {
  await serve('.hidden.sock');
  await serve('.hidden/one.sock');
  await serve('seen.sock');
  await hasOnly('seen.sock');
});
