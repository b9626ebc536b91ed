import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainLines } from './normalise.ts';
import { openShell, type Shell } from './shell.ts';
import { runInTerminal } from './terminal.ts';

let folder = '';
let shell: Shell;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-walk-'));
  shell = openShell({ folder, env: process.env });
});
afterAll(() => {
  shell.close();
  rmSync(folder, { recursive: true });
});

test('what one command sets the next one finds, with the exit code of the last', async () => {
  expect(await shell.run('word=here; cat; false', 5000)).toEqual({ output: '', exitCode: 1 });
  expect(await shell.run('echo $?', 5000)).toEqual({ output: '1\n', exitCode: 0 });
  expect(await shell.run('echo "$word" >&2', 5000)).toEqual({ output: 'here\n', exitCode: 0 });
  shell.setExitCode(7);
  expect(await shell.run('echo $?', 5000)).toEqual({ output: '7\n', exitCode: 0 });
});

test('a command that does not end is an error', async () => {
  const own = openShell({ folder, env: process.env });
  await expect(own.run('echo begun; sleep 5', 100)).rejects.toThrow('no end after 0.1 s: echo begun; sleep 5');
  own.close();
});

test('in a terminal lines are typed, and its size changes', async () => {
  const { output, exitCode } = await runInTerminal(
    "PS1='/ # ' bash --noprofile --norc --noediting -i",
    [
      { kind: 'type', text: 'stty size' },
      { kind: 'resize', columns: 132, rows: 50, line: '[wider]' },
      { kind: 'type', text: 'stty size' },
      { kind: 'type', text: 'exit 3' },
    ],
    { folder, env: process.env },
    10_000,
  );
  expect(plainLines(output)).toEqual([
    '/ # stty size',
    '24 80',
    '[wider]',
    '/ # stty size',
    '50 132',
    '/ # exit 3',
    'exit',
  ]);
  expect(exitCode).toBe(3);
});
