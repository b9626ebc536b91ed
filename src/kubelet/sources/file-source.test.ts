import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { nameOf } from '../pod-facts.ts';
import { fileSource } from './file-source.ts';

const manifest = (name: string, image = 'busybox:1.37') =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: main, image: "${image}"}]}\n`;

let folder = '';
let stop = new AbortController();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifests-'));
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true, force: true });
});

const never = 1e9;

/** A running source; `until` lets time pass in steps too small for the periodic list to be what is seen. */
function start({ path = folder, checkEveryMs = never } = {}) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const lists: (readonly Pod[])[] = [];
  const source = fileSource({ path, nodeName: 'n1', clock, journal, checkEveryMs, onPods: (pods) => lists.push(pods) });
  void source.run(stop.signal);
  return {
    clock,
    journal,
    lists,
    names: () => lists.at(-1)?.map(nameOf),
    async until(condition: () => boolean): Promise<void> {
      while (!condition()) await clock.advance(50);
    },
  };
}

const put = (name: string, text: string) => writeFile(join(folder, name), text);

describe('a folder', () => {
  test('every file of it, whatever its ending; no folders, nothing hidden', async () => {
    await put('b.yaml', manifest('b'));
    await put('a', manifest('a'));
    await put('.hidden.yaml', manifest('hidden'));
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub', 'c.yaml'), manifest('c'));
    const run = start();
    await run.until(() => run.lists.length > 0);
    expect(run.names()).toEqual(['a-n1', 'b-n1']);
  });

  test('a file that is no pod does not keep the others from running', async () => {
    await put('a.yaml', manifest('a'));
    await put('bad.yaml', 'kind: [');
    const run = start();
    await run.until(() => run.lists.length > 0);
    expect(run.names()).toEqual(['a-n1']);
    expect(run.journal.records).toContainEqual(
      expect.objectContaining({
        kind: 'source.unreadable',
        path: join(folder, 'bad.yaml'),
        reason: expect.stringMatching(/bad\.yaml: couldn't parse as pod\(.*\), please check config file$/),
      }),
    );
  });

  test('that is not there is empty, and found a second after it is', async () => {
    const path = join(folder, 'later');
    const run = start({ path });
    await run.until(() => run.lists.length > 0);
    expect(run.names()).toEqual([]);
    const told = { kind: 'source.pathUnreadable', path, reason: 'path does not exist, ignoring' };
    await mkdir(path);
    await writeFile(join(path, 'a.yaml'), manifest('a'));
    await run.clock.advance(1000);
    await run.until(() => run.lists.length > 1);
    expect(run.names()).toEqual(['a-n1']);
    expect(run.journal.records.filter(({ kind }) => kind === told.kind)).toMatchObject([told]);
  });

  test('of two files with one pod, the last counts, as if it were the only one', async () => {
    await put('web.yaml', manifest('web', 'busybox:1.37'));
    await put('web.yaml.bak', manifest('web', 'busybox:1.36'));
    const run = start();
    await run.until(() => run.lists.length > 0);
    expect(run.lists[0]?.map(({ spec }) => spec?.containers[0]?.image)).toEqual(['busybox:1.36']);
  });

  test('what is no file is told of, and not waited for', async () => {
    await mkdir(join(folder, 'sub'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await put('web.yaml', manifest('web'));
    const run = start();
    await run.until(() => run.lists.length > 0);
    expect(run.names()).toEqual(['web-n1']);
    expect(run.journal.records.filter(({ kind }) => kind === 'source.noFile')).toMatchObject([
      { path: join(folder, 'pipe'), folder: false },
      { path: join(folder, 'sub'), folder: true },
    ]);
  });
});

describe('what happens in it', () => {
  test('added, edited, moved away and removed: seen without waiting for the list', async () => {
    const run = start();
    await run.until(() => run.lists.length > 0);
    await put('a.yaml', manifest('a'));
    await run.until(() => run.names()?.join() === 'a-n1');
    const before = run.lists.at(-1)?.[0];
    await put('a.yaml', manifest('a', 'busybox:1.38'));
    await run.until(() => run.lists.at(-1)?.[0]?.spec?.containers[0]?.image === 'busybox:1.38');
    expect(run.lists.at(-1)?.[0]?.metadata?.uid).not.toBe(before?.metadata?.uid);
    await rename(join(folder, 'a.yaml'), join(folder, '.a.yaml'));
    await run.until(() => run.names()?.length === 0);
    await put('b.yaml', manifest('b'));
    await run.until(() => run.names()?.join() === 'b-n1');
    await rm(join(folder, 'b.yaml'));
    await run.until(() => run.names()?.length === 0);
  });

  test('an unchanged file is the very same pod', async () => {
    await put('a.yaml', manifest('a'));
    const run = start({ checkEveryMs: 20_000 });
    await run.until(() => run.lists.length > 0);
    await run.clock.advance(20_000);
    await run.until(() => run.lists.length > 1);
    expect(run.lists[1]?.[0]).toBe(run.lists[0]?.[0]);
  });

  test('a half-written file does not stop what runs, but one that stays broken does', async () => {
    await put('a.yaml', manifest('a'));
    // Far away, so that what is seen first is what the watch brings.
    const run = start({ checkEveryMs: 3_600_000 });
    await run.until(() => run.lists.length > 0);
    await put('a.yaml', 'apiVersion: v1\nkind: [');
    const told = () => run.journal.records.some(({ kind }) => kind === 'source.unreadable');
    await run.until(() => told() && run.lists.length > 1);
    expect(run.names()).toEqual(['a-n1']);
    await run.clock.advance(3_600_000);
    await run.until(() => run.names()?.length === 0);
  });
});

test('a single file', async () => {
  const path = join(folder, 'only.yaml');
  await writeFile(path, manifest('only'));
  const run = start({ path });
  await run.until(() => run.lists.length > 0);
  expect(run.names()).toEqual(['only-n1']);
  await writeFile(path, manifest('other'));
  await run.until(() => run.names()?.join() === 'other-n1');
});

test('a single file that cannot be used any more leaves the pod it had, until it is gone', async () => {
  const path = join(folder, 'only.yaml');
  await writeFile(path, manifest('only'));
  const run = start({ path, checkEveryMs: 60_000 });
  await run.until(() => run.lists.length > 0);
  await writeFile(path, 'kind: [');
  await run.until(() => run.journal.records.some(({ kind }) => kind === 'source.pathUnreadable'));
  expect(run.names()).toEqual(['only-n1']);
  await rm(path);
  await run.until(() => run.names()?.length === 0);
});
