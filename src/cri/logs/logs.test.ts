import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixedWidthTime, parseLogLine } from './parse.ts';
import { type LogOptions, readLogs } from './read.ts';

const line = (content: string, { tag = 'F', stream = 'stdout', at = '2026-11-23T12:00:00.5Z' } = {}) =>
  `${at} ${stream} ${tag} ${content}\n`;

describe('parseLogLine', () => {
  test.each([
    ['2026-11-23T12:00:00.5Z stdout F hello world', { stream: 'stdout', partial: false, content: 'hello world' }],
    ['2026-11-23T12:00:00.5Z stderr P part', { stream: 'stderr', partial: true, content: 'part' }],
    ['2026-11-23T12:00:00.5Z stdout F ', { stream: 'stdout', partial: false, content: '' }],
    ['2026-11-23T12:00:00.5Z stdout P:x a', { stream: 'stdout', partial: true, content: 'a' }],
  ])('%s', (text, expected) => {
    const entry = parseLogLine(Buffer.from(text));
    expect({ ...entry, content: entry?.content.toString() }).toMatchObject(expected);
  });
  test.each(['', 'nonsense', '2026-11-23T12:00:00Z stdin F x', 'yesterday stdout F x'])(
    'not a log line: %s',
    (text) => {
      expect(parseLogLine(Buffer.from(text))).toBeUndefined();
    },
  );
});

test('times are shown with nine digits', () => {
  expect(fixedWidthTime('2026-11-23T12:00:00.5Z')).toBe('2026-11-23T12:00:00.500000000Z');
  expect(fixedWidthTime('2026-11-23T12:00:00+01:00')).toBe('2026-11-23T12:00:00.000000000+01:00');
});

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-logs-'));
  path = join(folder, '0.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

function options(overrides: Partial<LogOptions> = {}): { options: LogOptions; text: () => string } {
  const chunks: Buffer[] = [];
  return {
    text: () => Buffer.concat(chunks).toString(),
    options: {
      follow: false,
      tailLines: undefined,
      since: undefined,
      timestamps: false,
      limitBytes: undefined,
      stream: 'all',
      isRunning: async () => false,
      write: async (chunk) => void chunks.push(chunk),
      signal: new AbortController().signal,
      ...overrides,
    },
  };
}

describe('readLogs', () => {
  const three =
    line('a') + line('b', { stream: 'stderr', at: '2026-11-23T12:00:01Z' }) + line('c', { at: '2026-11-23T12:00:02Z' });
  test.each<[string, string, Partial<LogOptions>, string]>([
    ['all of it', three, {}, 'a\nb\nc\n'],
    ['the last line', three, { tailLines: 1 }, 'c\n'],
    ['more lines than there are', three, { tailLines: 9 }, 'a\nb\nc\n'],
    ['no lines', three, { tailLines: 0 }, ''],
    ['since a moment', three, { since: Date.parse('2026-11-23T12:00:01Z') }, 'b\nc\n'],
    ['one stream', three, { stream: 'stderr' }, 'b\n'],
    ['at most so many bytes', three, { limitBytes: 3 }, 'a\nb'],
    ['with times', line('a'), { timestamps: true }, '2026-11-23T12:00:00.500000000Z a\n'],
    ['parts of a line join', line('he', { tag: 'P' }) + line('llo'), {}, 'hello\n'],
    [
      'a joined line has one time',
      line('he', { tag: 'P' }) + line('llo'),
      { timestamps: true },
      '2026-11-23T12:00:00.500000000Z hello\n',
    ],
    [
      'the last line is whole though it was written in parts',
      line('x') + line('he', { tag: 'P' }) + line('llo'),
      { tailLines: 1 },
      'hello\n',
    ],
    [
      'two lines, each written in parts',
      line('x') + line('a', { tag: 'P' }) + line('b') + line('c', { tag: 'P' }) + line('d'),
      { tailLines: 2 },
      'ab\ncd\n',
    ],
    ['exactly as many lines as there are', three, { tailLines: 3 }, 'a\nb\nc\n'],
    ['what streams wrote stays in order', three, { limitBytes: 5 }, 'a\nb\nc'],
    ['lines that are none are passed over', `garbage\n${line('a')}`, {}, 'a\n'],
  ])('%s', async (_name, content, overrides, expected) => {
    writeFileSync(path, content);
    const { options: o, text } = options(overrides);
    await readLogs(path, o);
    expect(text()).toBe(expected);
  });

  test('a long log is read whole, and its tail is found', async () => {
    writeFileSync(path, Array.from({ length: 20_000 }, (_, i) => line(`line ${i}`)).join(''));
    const all = options();
    await readLogs(path, all.options);
    expect(all.text().split('\n')).toHaveLength(20_001);
    const tail = options({ tailLines: 3 });
    await readLogs(path, tail.options);
    expect(tail.text()).toBe('line 19997\nline 19998\nline 19999\n');
  });

  test.each([1, 650, 1300, 2000])('the tail of %i lines longer than what is read at once', async (lines) => {
    const all = Array.from({ length: 2000 }, (_, i) => `line ${i} ${'x'.repeat(i % 301)}`);
    writeFileSync(path, all.map((text) => line(text)).join(''));
    const { options: o, text } = options({ tailLines: lines });
    await readLogs(path, o);
    expect(text()).toBe(`${all.slice(-lines).join('\n')}\n`);
  });

  test('following goes on over a rotation, and ends when the container has', async () => {
    writeFileSync(path, line('a'));
    let looks = 0;
    const { options: o, text } = options({
      follow: true,
      isRunning: async () => {
        looks += 1;
        if (looks === 1) appendFileSync(path, line('b'));
        if (looks === 2) {
          renameSync(path, `${path}.1`);
          writeFileSync(path, line('c'));
        }
        return looks < 4;
      },
    });
    await readLogs(path, o);
    expect(text()).toBe('a\nb\nc\n');
  });
});
