import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const klab = join(import.meta.dirname, '../../bin/klab');

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'klab-bin-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('bin/klab runs from wherever a link to it is', async () => {
  const folder = await aFolder();
  await symlink(klab, join(folder, 'one'));
  await symlink('one', join(folder, 'two'));
  const { stdout } = await run(join(folder, 'two'), ['version'], { cwd: folder, env: { PATH: process.env.PATH } });
  expect(stdout).toMatch(/^klab v/);
});

test('an error is on stderr, with exit code 1', async () => {
  await expect(run(klab, ['nonsense'])).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^ERROR: unknown command 'nonsense'\n/),
  });
});

test('Ctrl-C while an engine does not answer', async () => {
  const socket = join(await aFolder(), 'docker.sock');
  const silent = createServer().listen(socket);
  onTestFinished(() => void silent.close());
  const child = spawn(klab, ['get', 'clusters'], { env: { ...process.env, DOCKER_HOST: `unix://${socket}` } });
  const [connection] = await once(silent, 'connection');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([130, null]);
  connection.destroy();
}, 20_000);
