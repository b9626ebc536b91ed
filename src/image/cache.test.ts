import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheFolder, decideKept, noteImage, partCache } from './cache.ts';
import type { Part } from './plan.ts';

test.each([
  ["klab's own variable wins", { KLAB_CACHE_DIR: '/k', XDG_CACHE_HOME: '/x' }, '/k'],
  ["the user's cache folder", { XDG_CACHE_HOME: '/x' }, '/x/klab'],
  ['an empty variable is no folder', { KLAB_CACHE_DIR: '', XDG_CACHE_HOME: '' }, '/home/u/.cache/klab'],
  ['the default', {}, '/home/u/.cache/klab'],
])('%s', (_name, env, want) => {
  expect(cacheFolder(env, '/home/u')).toBe(want);
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'klab-cache-test-'));
});
afterEach(() => rm(root, { recursive: true }));

const part = (key: string): Part => ({ name: 'etcd', key, needs: [], recipe: { kind: 'nodejs' }, result: 'folder' });
const writing = (text: string) => (folder: string) => writeFile(join(folder, 'etcd'), text);

test('a result is there once it was made, under its own key only', async () => {
  const cache = partCache(root);
  expect(await cache.has(part('aa'))).toBe(false);
  await cache.fill(part('aa'), writing('a'));
  expect(await cache.has(part('aa'))).toBe(true);
  expect(await cache.has(part('bb'))).toBe(false);
  expect(await readFile(join(cache.folder(part('aa')), 'etcd'), 'utf8')).toBe('a');
});

test('a part that failed halfway is not there, and leaves nothing', async () => {
  const cache = partCache(root);
  const fails = async (folder: string) => {
    await writing('half')(folder);
    throw new Error('disk full');
  };
  await expect(cache.fill(part('aa'), fails)).rejects.toThrow('disk full');
  expect(await cache.has(part('aa'))).toBe(false);
  expect(await readdir(join(root, 'parts'))).toEqual([]);
});

test('two builds may make the same part at once', async () => {
  const cache = partCache(root);
  await cache.fill(part('aa'), async (folder) => {
    await cache.fill(part('aa'), writing('first'));
    await writing('second')(folder);
  });
  expect(await readFile(join(cache.folder(part('aa')), 'etcd'), 'utf8')).toBe('first');
  expect(await readdir(join(root, 'parts'))).toEqual(['etcd-aa']);
});

test('the two results used last are kept', async () => {
  const cache = partCache(root);
  await cache.fill(part('aa'), writing('a'));
  await cache.fill(part('bb'), writing('b'));
  const hours = (n: number) => new Date(Date.now() - n * 3_600_000);
  await utimes(cache.folder(part('aa')), hours(2), hours(2));
  await utimes(cache.folder(part('bb')), hours(1), hours(1));
  expect(await cache.has(part('aa'))).toBe(true);
  await cache.fill(part('cc'), writing('c'));
  expect(await readdir(join(root, 'parts'))).toEqual(['etcd-aa', 'etcd-cc']);
});

test.each([
  ['the first image', [], 'a', ['a'], []],
  ['a second one', ['a'], 'b', ['b', 'a'], []],
  ['a third one: the oldest goes', ['b', 'a'], 'c', ['c', 'b'], ['a']],
  ['one that is made again', ['b', 'a'], 'a', ['a', 'b'], []],
])('images that are kept: %s', (_name, known, made, kept, forgotten) => {
  expect(decideKept(known, made)).toEqual({ kept, forgotten });
});

test('images are remembered between builds', async () => {
  expect(await noteImage(root, part('aa'), 'one')).toEqual([]);
  expect(await noteImage(root, part('bb'), 'two')).toEqual([]);
  expect(await noteImage(root, part('cc'), 'three')).toEqual(['one']);
});
