import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OciImage, renderLayout, streamArchive } from './archive.ts';
import { folderTree, type LayerEntry, streamEntries, writeLayer } from './layer.ts';
import { unpackInto } from './unpack.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'klab-oci-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const entries: readonly LayerEntry[] = [
  { kind: 'folder', path: 'bin' },
  { kind: 'text', path: 'bin/tool', text: 'program', mode: 0o755 },
  { kind: 'link', path: 'bin/alias', target: 'tool' },
];

async function namesIn(tar: Readable): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const reader = extract();
  tar.pipe(reader);
  for await (const entry of reader) {
    let text = '';
    for await (const chunk of entry) text += String(chunk);
    found[entry.header.name] = entry.header.linkname ?? text;
  }
  return found;
}

test('the same entries make the same layer, whenever they are written', async () => {
  const first = await writeLayer(entries, join(folder, 'a.tar'));
  const second = await writeLayer(entries, join(folder, 'b.tar'));
  expect(second).toEqual({ ...first, file: join(folder, 'b.tar') });
  expect((await readFile(first.file)).length).toBe(first.size);
  const other = await writeLayer([...entries, { kind: 'folder', path: 'etc' }], join(folder, 'c.tar'));
  expect(other.digest).not.toBe(first.digest);
});

test('a layer holds folders, files and links', async () => {
  expect(await namesIn(streamEntries(entries))).toEqual({ bin: '', 'bin/tool': 'program', 'bin/alias': 'tool' });
});

test('a file that is not there fails the stream that it should have been in', async () => {
  const missing: LayerEntry = { kind: 'file', path: 'x', source: join(folder, 'no'), mode: 0o644 };
  await expect(writeLayer([missing], join(folder, 'x.tar'))).rejects.toThrow('ENOENT');
});

test('what is packed from a folder unpacks to the same folder, without what leads out of it', async () => {
  await writeFile(join(folder, 'one'), '1', { mode: 0o755 });
  const tree = await folderTree(folder, 'top/sub');
  await unpackInto(
    streamEntries([...tree, { kind: 'text', path: '../escaped', text: '!', mode: 0o644 }, ...entries]),
    join(folder, 'out'),
  );
  expect(await readFile(join(folder, 'out/top/sub/one'), 'utf8')).toBe('1');
  expect(await readFile(join(folder, 'out/bin/tool'), 'utf8')).toBe('program');
  await expect(readFile(join(folder, 'escaped'))).rejects.toThrow('ENOENT');
  await expect(readFile(join(folder, 'out/bin/alias'))).rejects.toThrow('ENOENT');
});

test('a layout names its images, and holds a shared layer once', async () => {
  const layer = await writeLayer(entries, join(folder, 'shared.tar'));
  const image = (name: string): OciImage => ({ name, layers: [layer], config: { entrypoint: ['/bin/tool'] } });
  const layout = renderLayout([image('registry.k8s.io/a:v1'), image('docker.io/library/b:2')], 'amd64');
  expect(layout.layers).toEqual([layer]);

  const files = await namesIn(streamArchive(layout));
  const index = JSON.parse(files['index.json'] ?? '');
  expect(index.manifests.map((m: { annotations: object }) => m.annotations)).toEqual([
    { 'io.containerd.image.name': 'registry.k8s.io/a:v1', 'org.opencontainers.image.ref.name': 'v1' },
    { 'io.containerd.image.name': 'docker.io/library/b:2', 'org.opencontainers.image.ref.name': '2' },
  ]);
  const blob = (digest: string) => files[`blobs/${digest.replace(':', '/')}`] ?? '';
  const manifest = JSON.parse(blob(index.manifests[0].digest));
  expect(blob(manifest.layers[0].digest)).toHaveLength(layer.size);
  expect(JSON.parse(blob(manifest.config.digest))).toMatchObject({
    architecture: 'amd64',
    config: { Entrypoint: ['/bin/tool'] },
    rootfs: { diff_ids: [layer.digest] },
  });
});
