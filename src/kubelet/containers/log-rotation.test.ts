import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { aSeen, aSeenPod, exited, running } from '../test-builders.ts';
import { decideRotation, logRotation } from './log-rotation.ts';

describe('decideRotation', () => {
  test.each<[string, string[], number, { remove: string[]; compress: string[] }]>([
    ['nothing was rotated yet', ['0.log'], 5, { remove: [], compress: [] }],
    ['another container’s files', ['0.log', '10.log.20260101-000000'], 2, { remove: [], compress: [] }],
    [
      'the one rotated last',
      ['0.log', '0.log.20260101-000000'],
      5,
      { remove: [], compress: ['0.log.20260101-000000'] },
    ],
    ['a compressed one', ['0.log.20260101-000000.gz'], 5, { remove: [], compress: [] }],
    [
      'too many',
      ['0.log.20260101-000002', '0.log.20260101-000001.gz', '0.log.20260101-000000.gz'],
      3,
      { remove: ['0.log.20260101-000000.gz', '0.log.20260101-000001.gz'], compress: ['0.log.20260101-000002'] },
    ],
    ['room for two files', ['0.log.20260101-000000'], 2, { remove: ['0.log.20260101-000000'], compress: [] }],
    [
      'compressing was interrupted',
      ['0.log.20260101-000000', '0.log.20260101-000000.tmp'],
      5,
      { remove: ['0.log.20260101-000000.tmp'], compress: ['0.log.20260101-000000'] },
    ],
    [
      'compressed, and the original not yet removed',
      ['0.log.20260101-000000', '0.log.20260101-000000.gz'],
      5,
      { remove: ['0.log.20260101-000000'], compress: [] },
    ],
  ])('%s', (_name, names, maxFiles, expected) => {
    expect(decideRotation('0.log', names, maxFiles)).toEqual(expected);
  });
});

describe('logRotation', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'klab-rotation-'));
    path = join(folder, '0.log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function rounds(count: number, before: () => void, reopen: () => Promise<void>, state = running) {
    const clock = new FakeClock();
    const journal = memoryJournal();
    const stop = new AbortController();
    const pod = aSeenPod([aSeen('main', state, { logPath: path })]);
    const rotating = logRotation({
      runtime: { reopenContainerLog: reopen },
      cache: { all: () => [pod] },
      clock,
      journal,
      maxBytes: 10,
      maxFiles: 3,
      everyMs: 10_000,
      workers: 1,
    }).run(stop.signal);
    for (let round = 0; round < count; round += 1) {
      before();
      await clock.advance(10_000);
      await expect.poll(() => clock.sleeping).toBe(1);
    }
    stop.abort();
    await rotating;
    return journal.records;
  }

  test('a log that is too long gets another name, the one before is compressed, and older ones go', async () => {
    let written = 0;
    const records = await rounds(
      4,
      () => {
        written += 1;
        writeFileSync(path, `long log number ${written}`);
      },
      async () => writeFileSync(path, ''),
    );
    expect(records.map(({ kind }) => kind)).toEqual(Array.from({ length: 4 }, () => 'server.logRotated'));
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['0.log', '0.log.20260101-000030.gz', '0.log.20260101-000040']);
    expect(gunzipSync(readFileSync(join(folder, files[1] ?? ''))).toString()).toBe('long log number 3');
    expect(readFileSync(join(folder, files[2] ?? ''), 'utf8')).toBe('long log number 4');
  });

  test('a short log stays', async () => {
    await rounds(
      1,
      () => writeFileSync(path, 'short'),
      () => Promise.reject(new Error('not asked for')),
    );
    expect(readdirSync(folder)).toEqual(['0.log']);
  });

  test('when the runtime does not open the new file, the old one keeps its name', async () => {
    const records = await rounds(
      1,
      () => writeFileSync(path, 'a long log file'),
      () => Promise.reject(new Error('no')),
    );
    expect(records).toMatchObject([{ kind: 'server.logRotationFailed', reason: 'no' }]);
    expect(readFileSync(path, 'utf8')).toBe('a long log file');
  });

  test('a log that is missing is opened again', async () => {
    await rounds(
      1,
      () => undefined,
      async () => writeFileSync(path, ''),
    );
    expect(existsSync(path)).toBe(true);
  });

  test('what does not run is left alone', async () => {
    await rounds(
      1,
      () => writeFileSync(path, 'a long log file'),
      async () => undefined,
      exited(0),
    );
    expect(readdirSync(folder)).toEqual(['0.log']);
  });
});
