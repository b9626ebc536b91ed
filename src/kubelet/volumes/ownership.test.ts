import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyGroup } from './ownership.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-owner-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The only group that everyone may give to. */
const group = process.getgid?.() ?? 0;

test('a folder comes after what lies in it, so that the root tells whether all was done', async () => {
  const [inner, file, link] = ['d', 'd/f', 'd/l'].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(inner);
  writeFileSync(file, '', { mode: 0o600 });
  symlinkSync('/etc', link);
  const seen: string[] = [];
  const onFile = (path: string) => void seen.push(path);
  await applyGroup(folder, { group, readOnly: false, onRootMismatch: true, onFile });
  expect(seen.slice(0, 2).sort()).toEqual([file, link]);
  expect(seen.slice(2)).toEqual([inner, folder]);
  expect(lstatSync(file).mode & 0o7777).toBe(0o660);
});

test('what a file system refuses is told: the pod may do without', async () => {
  const refused: string[] = [];
  // Nobody may change the modes of the kernel's own files.
  await applyGroup('/proc/self/status', {
    group,
    readOnly: false,
    onRootMismatch: false,
    onRefused: (change, path) => refused.push(`${change} ${path}`),
  });
  expect(refused).toEqual(['chmod /proc/self/status']);
});
