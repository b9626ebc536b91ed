import { expect, test } from 'vitest';
import { fakeEngine } from '../engine/fake.ts';
import { chooseLogLines, kubeletLogTail, runOnNode } from './node-command.ts';

test.each([
  ['the last ones', 'one\ntwo\nthree\n', 'two\nthree'],
  ['none of systemd’s', 'bad flag\nkubelet.service: Failed\nStarting kubelet.service - kubelet\n', 'bad flag'],
  ['systemd’s when there are no others', 'kubelet.service: Failed to execute\n', 'kubelet.service: Failed to execute'],
])('%s', (_name, log, expected) => expect(chooseLogLines(log, 2)).toBe(expected));

test('a log that cannot be read is no error of its own', async () => {
  expect(await kubeletLogTail(fakeEngine(), 'gone')).toBe('(its journal cannot be read)');
});

test('a command that fails: which, where, and what it said', async () => {
  const engine = fakeEngine({ command: () => ({ exitCode: 2, stderr: 'no such unit\n' }) });
  await engine.runContainer({ name: 'n', image: 'i', kind: 'machine' });
  await expect(runOnNode(engine, 'n', ['systemctl', 'start', 'x'])).rejects.toMatchObject({
    code: 'NODE_COMMAND_FAILED',
    message: '`systemctl start x` failed on n',
    output: 'no such unit',
  });
});
