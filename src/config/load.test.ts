import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadClusterConfig } from './load.ts';
import { clusterFields, networkingFields, nodeFields } from './versions/kind-v1alpha4.ts';

const configs = join(import.meta.dirname, '../../configs');
const testdata = join(import.meta.dirname, 'testdata');

describe('the files in configs/', () => {
  const files = readdirSync(configs);

  test('are there', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'kind.yaml',
        'minimal.yaml',
        'mixed-kubelets.yaml',
        'no-cni.yaml',
        'sysctls.yaml',
        'three-nodes.yaml',
      ]),
    );
  });

  test.each(files)('%s is valid and says what it is for', async (file) => {
    const path = join(configs, file);
    await expect(loadClusterConfig({ path })).resolves.toMatchObject({ nodes: expect.any(Array) });
    expect(await readFile(path, 'utf8')).toMatch(/^# \S.*\.\n/);
  });

  test('kind.yaml makes three nodes with the default network', async () => {
    const config = await loadClusterConfig({ path: join(configs, 'kind.yaml') });
    expect(config.nodes.map((node) => node.name)).toEqual(['klab-control-plane', 'klab-worker', 'klab-worker2']);
    expect(config.networking.cni).toEqual({ kind: 'default' });
  });

  test('no-cni.yaml leaves the network out', async () => {
    const config = await loadClusterConfig({ path: join(configs, 'no-cni.yaml'), name: 'kubelet' });
    expect(config.networking.cni).toEqual({ kind: 'none' });
    expect(config.nodes[2]?.name).toBe('kubelet-worker2');
  });
});

test("every field of kind's version is read", async () => {
  const config = await loadClusterConfig({ path: join(testdata, 'every-kind-field.yaml'), cwd: '/w' });
  await expect(`${JSON.stringify(config, undefined, 2)}\n`).toMatchFileSnapshot(
    join(testdata, 'every-kind-field.json'),
  );
});

test('every problem is in one report, each with its line, field and remedy', async () => {
  const path = join(testdata, 'many-problems.yaml');
  const report = await loadClusterConfig({ path }).then(
    () => 'no error',
    (error: Error) => error.message.replaceAll(path, 'many-problems.yaml'),
  );
  await expect(report).toMatchFileSnapshot(join(testdata, 'many-problems.txt'));
});

test('a dash reads standard input, and problems say so', async () => {
  const text = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: from-stdin\n';
  await expect(loadClusterConfig({ path: '-', stdin: async () => text })).resolves.toMatchObject({
    name: 'from-stdin',
  });
  await expect(loadClusterConfig({ path: '-', stdin: async () => `${text}x: 1\n` })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('stdin:4  x  unknown field'),
  });
});

test('no file: every default, with the name and image asked for', async () => {
  await expect(loadClusterConfig({ name: 'lab', image: 'img:1' })).resolves.toMatchObject({
    name: 'lab',
    nodes: [{ name: 'lab-control-plane', image: 'img:1' }],
  });
});

test.each([
  ['without a file', {}],
  ['with a file', { path: join(configs, 'minimal.yaml') }],
])('a bad --name is told as the flag, %s', async (_name, options) => {
  await expect(loadClusterConfig({ ...options, name: 'No Good' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('  --name  "No Good" is not a cluster name'),
  });
});

test('a file that is not there', async () => {
  await expect(loadClusterConfig({ path: '/nowhere/kind.yaml' })).rejects.toMatchObject({
    code: 'CONFIG_NOT_READABLE',
    message: expect.stringContaining('/nowhere/kind.yaml'),
  });
});

test('docs/config.md names every field', async () => {
  const docs = await readFile(join(import.meta.dirname, '../../docs/config.md'), 'utf8');
  const fields = { ...clusterFields, ...nodeFields, ...networkingFields };
  for (const field of Object.keys(fields)) expect(docs).toMatch(new RegExp(`\`${field}[\`:]`));
});
