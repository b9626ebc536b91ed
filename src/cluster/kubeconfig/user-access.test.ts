import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { renderKubeconfig } from './entry.ts';
import { userAccess } from './user-access.ts';

const folder = mkdtempSync(join(tmpdir(), 'klab-access-'));
afterAll(() => rmSync(folder, { recursive: true }));

function kubeconfig(file: string, cluster: string, change = (text: string) => text): string {
  const path = join(folder, file);
  const entry = { name: `klab-${cluster}`, cluster: { server: `https://${cluster}:6443` }, user: { token: 't' } };
  writeFileSync(path, change(renderKubeconfig(entry)));
  return path;
}

const one = kubeconfig('one', 'one');
const two = kubeconfig('two', 'two', (text) => text.replace(/^current-context: .*$/m, 'current-context: ""'));
const inSpace = kubeconfig('space', 'space', (text) =>
  text.replace('cluster: klab-space\n', 'cluster: klab-space\n    namespace: blue\n'),
);
const broken = join(folder, 'broken');
writeFileSync(broken, 'contexts: [');
const place = (...files: readonly string[]) => ({ env: files.join(':'), home: folder, cwd: folder });
const current = { context: undefined, cluster: undefined };

test.each([
  ['the current context', place(one, two), current, 'https://one:6443', 'default'],
  ['the first that is set', place(two, one), current, 'https://one:6443', 'default'],
  ['a cluster’s', place(one, two), { context: undefined, cluster: 'two' }, 'https://two:6443', 'default'],
  ['a context by name', place(one, two), { context: 'klab-two', cluster: undefined }, 'https://two:6443', 'default'],
  ['its namespace', place(inSpace), current, 'https://space:6443', 'blue'],
  ['a file that is not there is passed over', place('/nowhere', one), current, 'https://one:6443', 'default'],
])('finds %s', async (_name, where, choice, server, namespace) => {
  expect(await userAccess(where, choice)).toMatchObject({ server, namespace });
});

test.each([
  ['no such context', place(one), { context: 'blue', cluster: undefined }, 'CONTEXT_NOT_FOUND', /klab-one/],
  ['no such cluster', place(one), { context: undefined, cluster: 'blue' }, 'CONTEXT_NOT_FOUND', /--name blue/],
  ['no current context', place(two), current, 'CONTEXT_NOT_FOUND', /klab export kubeconfig/],
  ['no file at all', place('/nowhere'), current, 'CONTEXT_NOT_FOUND', /klab export kubeconfig/],
  ['a broken file', place(broken), current, 'KUBECONFIG_CORRUPT', /--kubeconfig/],
])('says so: %s', async (_name, where, choice, code, hint) => {
  await expect(userAccess(where, choice)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) });
});
