import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { DevicePluginService } from '../../cri/generated/deviceplugin.ts';
import { connectPlugin } from './plugin.ts';
import { bind } from './registration.ts';

test('a plugin that cannot say what it can do is refused at once, and asked once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plugin-'));
  const server = new Server();
  onTestFinished(() => {
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });
  let asked = 0;
  const unused = () => undefined;
  server.addService(DevicePluginService, {
    getDevicePluginOptions: (_call: unknown, answer: (error: object) => void) => {
      asked += 1;
      answer({ code: status.UNKNOWN, details: 'out of order' });
    },
    listAndWatch: unused,
    getPreferredAllocation: unused,
    allocate: unused,
    preStartContainer: unused,
  });
  const socket = join(folder, 'plugin.sock');
  await bind(server, socket);
  await expect(connectPlugin(socket)).rejects.toThrow(/^failed to get device plugin options: .*out of order/);
  expect(asked).toBe(1);
});
