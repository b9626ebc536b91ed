import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checksumOf, parseCheckpoint, renderCheckpoint, writeFileAtOnce } from './checkpoint.ts';

// As upstream's checksum package answers.
test.each([
  ['', 441364273],
  ['a', 3118332656],
  ['{"entries":{}}', 1057365947],
  ['ä\n"\\\x01 ', 3982451859],
  ['<&>\u2028', 370042015],
])('the checksum of %j', (text, sum) => expect(checksumOf(text)).toBe(sum));

test('what was written is read again', () => {
  expect(parseCheckpoint(renderCheckpoint('{"a":"ü"}'))).toBe('{"a":"ü"}');
});

test('upstream’s file of an empty state', () => {
  expect(renderCheckpoint('{}')).toBe('{"data":"{}","checksum":694314937}');
});

test.each([
  ['another checksum', '{"data":"{}","checksum":1}'],
  ['no frame', '{"entries":{}}'],
  ['no JSON', 'x'],
])('%s is refused', (_name, text) => expect(() => parseCheckpoint(text)).toThrow());

test('a file is replaced, and nothing is left beside it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  try {
    await writeFileAtOnce(join(folder, 'state'), 'one');
    await writeFileAtOnce(join(folder, 'state'), 'two');
    expect(await readFile(join(folder, 'state'), 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['state']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
