import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandShell, quoteForShell } from './command-shell.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-shell-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const shellOf = () => commandShell({ idleMs: 60_000 });
const lines = (file: string): readonly string[] => readFileSync(join(folder, file), 'utf8').trim().split('\n');

test.each([['plain'], ["it's quoted"], ['$HOME `id` $(id) "x" \\ ; rm -rf * | & > <'], ['two\nlines'], ['']])(
  'an argument arrives as it was given: %j',
  async (argument) => {
    const file = join(folder, 'seen');
    await shellOf().run('sh', ['-c', 'printf %s "$1" > "$2"', 'sh', argument, file]);
    expect(readFileSync(file, 'utf8')).toBe(argument);
  },
);

test('commands run in the order they came, one at a time', async () => {
  const shell = shellOf();
  const file = join(folder, 'order');
  const numbers = ['1', '2', '3', '4', '5'];
  await Promise.all(
    numbers.map((n) => shell.run('sh', ['-c', 'echo begin $1 >> $2; echo end $1 >> $2', 'sh', n, file])),
  );
  expect(lines('order')).toEqual(numbers.flatMap((n) => [`begin ${n}`, `end ${n}`]));
});

test('a command that fails rejects with what it printed, and those after it run', async () => {
  const shell = shellOf();
  const failing = shell.run('sh', ['-c', 'echo out; echo no such device >&2; exit 32']);
  const after = shell.run('true', []);
  await expect(failing).rejects.toThrow('sh failed: out\nno such device');
  await expect(after).resolves.toBeUndefined();
});

test('a command that fails without a word tells its code', async () => {
  await expect(shellOf().run('sh', ['-c', 'exit 3'])).rejects.toThrow('sh failed: it exited with 3');
});

test('a program that is not there is an error', async () => {
  await expect(shellOf().run('no-such-program', [])).rejects.toThrow('no-such-program failed: ');
});

test('a command cannot read what is meant for the shell', async () => {
  const shell = shellOf();
  const both = [shell.run('cat', []), shell.run('true', [])];
  await expect(Promise.all(both)).resolves.toHaveLength(2);
});

test('a shell that was killed fails its command only: the next has a new one', async () => {
  const shell = shellOf();
  await expect(shell.run('sh', ['-c', 'kill -9 $PPID; sleep 5'])).rejects.toThrow('its shell has ended');
  await expect(shell.run('true', [])).resolves.toBeUndefined();
});

test('an idle shell is let go, and made anew', async () => {
  const shell = commandShell({ idleMs: 1 });
  const pidOf = async (name: string): Promise<string> => {
    await shell.run('sh', ['-c', 'echo $PPID > $1', 'sh', join(folder, name)]);
    return lines(name)[0] ?? '';
  };
  const first = await pidOf('first');
  await expect.poll(() => existsSync(`/proc/${first}`)).toBe(false);
  expect(await pidOf('second')).not.toBe(first);
});

test('quoting', () => {
  expect(quoteForShell("a'b")).toBe("'a'\\''b'");
});
