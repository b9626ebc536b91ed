import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeAtomically } from './atomic-writer.ts';
import { ensureHostPath } from './host-path.ts';
import { isShared, parseMountInfo, supportsNoswap } from './mount-table.ts';
import { groupMode } from './ownership.ts';
import { type Payload, projectKeys } from './payload.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-volume-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = (entries: Record<string, [string, number?]>): Payload =>
  new Map(Object.entries(entries).map(([path, [text, mode = 0o644]]) => [path, { data: Buffer.from(text), mode }]));
const now = new Date(Date.UTC(2026, 10, 23, 12, 37, 4));
const visible = () =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('..'))
    .sort();

describe('writeAtomically', () => {
  test('files are links into the version that ..data names', async () => {
    await writeAtomically(folder, files({ a: ['1'], 'sub/b': ['2', 0o400] }), { now });
    expect(visible()).toEqual(['a', 'sub']);
    expect(readlinkSync(join(folder, 'a'))).toBe('..data/a');
    expect(readlinkSync(join(folder, '..data'))).toMatch(/^\.\.2026_11_23_12_37_04\.\d+$/);
    expect(readFileSync(join(folder, 'sub/b'), 'utf8')).toBe('2');
    expect(statSync(join(folder, 'sub/b')).mode & 0o777).toBe(0o400);
  });

  test('equal content is not written again', async () => {
    expect(await writeAtomically(folder, files({ a: ['1'] }), { now })).toBe(true);
    const before = readlinkSync(join(folder, '..data'));
    expect(await writeAtomically(folder, files({ a: ['1'] }), { now })).toBe(false);
    expect(readlinkSync(join(folder, '..data'))).toBe(before);
  });

  test.each<[string, Payload]>([
    ['other content', files({ a: ['2'] })],
    ['another mode', files({ a: ['1', 0o600] })],
    ['another file', files({ a: ['1'], b: ['1'] })],
  ])('%s is', async (_name, payload) => {
    await writeAtomically(folder, files({ a: ['1'] }), { now });
    expect(await writeAtomically(folder, payload, { now })).toBe(true);
  });

  test('removed keys disappear, and only one version stays', async () => {
    await writeAtomically(folder, files({ a: ['1'], b: ['1'] }), { now });
    await writeAtomically(folder, files({ b: ['2'] }), { now });
    expect(visible()).toEqual(['b']);
    expect(readdirSync(folder).filter((name) => /^\.\.\d/.test(name))).toHaveLength(1);
  });

  test.each(['../out', '/abs', 'a/../../b', '..data'])('the path %s is refused', async (path) => {
    await expect(writeAtomically(folder, files({ [path]: ['x'] }), { now })).rejects.toThrow('invalid path');
  });
});

describe('projectKeys', () => {
  const data = { a: Buffer.from('1'), b: Buffer.from('2') };
  test('without items: every key', () =>
    expect([...projectKeys(data, undefined, 0o644, false, 'configmap').keys()]).toEqual(['a', 'b']));
  test('with items: what they name, with their modes', () =>
    expect(projectKeys(data, [{ key: 'a', path: 'x/y', mode: 0o400 }], 0o644, false, 'configmap')).toEqual(
      new Map([['x/y', { data: data.a, mode: 0o400 }]]),
    ));
  test('a key that is not there', () =>
    expect(() => projectKeys(data, [{ key: 'no', path: 'x' }], 0o644, false, 'configmap')).toThrow(
      'configmap references non-existent config key: no',
    ));
  test('unless it is optional', () =>
    expect(projectKeys(data, [{ key: 'no', path: 'x' }], 0o644, true, 'secret').size).toBe(0));
});

test('groupMode gives the group what the owner has', () => {
  expect(groupMode(0o400, false, false).toString(8)).toBe('660');
  expect(groupMode(0o755, true, false).toString(8)).toBe('2775');
  expect(groupMode(0o400, false, true).toString(8)).toBe('440');
});

test('mountinfo’s spaces are written in octal', () => {
  expect(parseMountInfo('36 35 98:0 / /mnt/a\\040b rw - ext4 /dev/x rw\n')).toEqual(['/mnt/a b']);
});

describe('isShared', () => {
  const table = [
    '1 0 254:0 / / rw - ext4 /dev/vda rw',
    '2 1 0:5 / /var rw,relatime shared:7 master:2 - ext4 /dev/vdb rw',
    '3 2 0:6 / /var/lib/private rw master:3 - tmpfs tmpfs rw',
  ].join('\n');
  test.each([
    ['/srv', false],
    ['/var', true],
    ['/var/lib/kubelet', true],
    ['/variable', false],
    ['/var/lib/private/x', false],
  ])('%s: %s', (path, expected) => expect(isShared(table, path)).toBe(expected));
});

test.each([
  ['6.18.44-fc', true],
  ['6.4.0', true],
  ['6.3.13', false],
  ['5.15.0-91-generic', false],
])('a tmpfs of Linux %s can be kept out of swap: %s', (release, expected) =>
  expect(supportsNoswap(release)).toBe(expected),
);

describe('ensureHostPath', () => {
  test('makes folders and files where the type allows', async () => {
    await ensureHostPath(join(folder, 'd/e'), 'DirectoryOrCreate');
    await ensureHostPath(join(folder, 'f'), 'FileOrCreate');
    expect(statSync(join(folder, 'd/e')).isDirectory()).toBe(true);
    expect(statSync(join(folder, 'f')).isFile()).toBe(true);
  });
  test.each([
    ['Directory', 'a directory'],
    ['File', 'a file'],
    ['Socket', 'a socket file'],
  ])('a missing %s', async (type, what) => {
    const path = join(folder, 'none');
    await expect(ensureHostPath(path, type)).rejects.toThrow(
      `hostPath type check failed, ${path} is not ${what}, unable to determine its type: path "${path}" does not exist`,
    );
  });
  test.each(['Directory', 'Socket'])('a %s below what is no folder', async (type) => {
    const path = '/proc/self/status/x';
    await expect(ensureHostPath(path, type)).rejects.toThrow(
      `unable to determine its type: stat ${path}: not a directory`,
    );
  });
  test('a folder that cannot be made', () =>
    expect(ensureHostPath('/proc/self/status/x', 'DirectoryOrCreate')).rejects.toThrow('not a directory, mkdir'));
  test.each([
    ['/dev/null', 'File', 'a file', 'CharDevice'],
    ['/', 'FileOrCreate', 'a file', 'Directory'],
    ['/dev/null', 'DirectoryOrCreate', 'a directory', 'CharDevice'],
  ])('%s as %s', async (path, type, wanted, found) => {
    await expect(ensureHostPath(path, type)).rejects.toThrow(
      `hostPath type check failed: ${path} is not ${wanted}, it's a ${found}`,
    );
  });
  test('of a kind that does not exist', () =>
    expect(ensureHostPath('/', 'Nonsense')).rejects.toThrow('Nonsense is an invalid volume type'));
});
