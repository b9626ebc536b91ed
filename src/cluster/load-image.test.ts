import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeCommand, type FakeEngine, fakeEngine } from '../engine/fake.ts';
import { decideMissing, fullReference, loadArchives, loadImages } from './load-image.ts';

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.29', 'docker.io/library/nginx:1.29'],
  ['me/app', 'docker.io/me/app:latest'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  ['localhost/app', 'localhost/app:latest'],
  ['registry:5000/app', 'registry:5000/app:latest'],
  ['me/app@sha256:abc', 'docker.io/me/app@sha256:abc'],
])('%s is %s to containerd', (reference, expected) => expect(fullReference(reference)).toBe(expected));

test.each([
  ['it is there', { id: 'sha256:1', repoTags: ['docker.io/me/app:v1'] }, []],
  ['other content under its name', { id: 'sha256:0', repoTags: ['docker.io/me/app:v1'] }, ['me/app:v1']],
  ['its content under another name', { id: 'sha256:1', repoTags: ['docker.io/me/app:v0'] }, ['me/app:v1']],
  ['its content without a name', { id: 'sha256:1' }, ['me/app:v1']],
])('%s', (_name, image, expected) => {
  expect(decideMissing(new Map([['me/app:v1', 'sha256:1']]), { images: [image] })).toEqual(expected);
});

const { signal } = new AbortController();

async function aClusterOf(command: FakeCommand): Promise<FakeEngine> {
  const engine = fakeEngine({ command, images: { 'me/app:v1': { id: 'sha256:1', labels: {} } } });
  for (const name of ['lab-control-plane', 'lab-worker']) {
    await engine.runContainer({ name, image: 'i', kind: 'machine', labels: { 'io.x-k8s.klab.cluster': 'lab' } });
  }
  return engine;
}

describe('loading', () => {
  let folder: string;
  beforeEach(() => {
    taken.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'klab-load-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const taken: [string, string][] = [];
  const containerd: FakeCommand = (node, argv, input) => {
    if (argv[0] === 'ctr') taken.push([node, input]);
    const held = node === 'lab-worker' ? [{ id: 'sha256:1', repoTags: ['docker.io/me/app:v1'] }] : [];
    return argv[0] === 'crictl' ? JSON.stringify({ images: held }) : undefined;
  };
  test('only nodes that lack an image get it', async () => {
    const engine = await aClusterOf(containerd);
    await loadImages({ engine, cluster: 'lab', nodes: [], signal }, ['me/app:v1']);
    expect(taken).toEqual([['lab-control-plane', 'archive of me/app:v1']]);
  });

  test('nothing is read from the engine when no node lacks anything', async () => {
    const engine = await aClusterOf(containerd);
    await loadImages({ engine, cluster: 'lab', nodes: ['lab-worker'], signal }, ['me/app:v1']);
    expect(engine.done.filter((what) => what.startsWith('save'))).toEqual([]);
  });

  test('an archive goes to every node, whole', async () => {
    const path = join(folder, 'app.tar');
    const text = 'x'.repeat(300_000);
    writeFileSync(path, text);
    await loadArchives({ engine: await aClusterOf(containerd), cluster: 'lab', nodes: [], signal }, [path]);
    expect(taken.sort()).toEqual([
      ['lab-control-plane', text],
      ['lab-worker', text],
    ]);
  });

  test('what containerd says about an archive it cannot read, without its warnings', async () => {
    const path = join(folder, 'app.tar');
    writeFileSync(path, 'no tar');
    const engine = await aClusterOf(() => ({ exitCode: 1, stderr: 'level=warning msg="old"\nctr: unexpected EOF' }));
    await expect(loadArchives({ engine, cluster: 'lab', nodes: [], signal }, [path])).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
      output: 'ctr: unexpected EOF',
    });
  });

  test.each([
    ['a cluster that is not there', { cluster: 'gone' }, 'me/app:v1', 'CLUSTER_NOT_FOUND'],
    ['a node that is not there', { nodes: ['lab-worker9'] }, 'me/app:v1', 'NODE_NOT_FOUND'],
    ['an image that is not there', {}, 'me/app:v2', 'IMAGE_NOT_LOCAL'],
  ])('%s', async (_name, changes, image, code) => {
    const options = { engine: await aClusterOf(containerd), cluster: 'lab', nodes: [], signal, ...changes };
    await expect(loadImages(options, [image])).rejects.toMatchObject({ code });
  });

  test('an archive that is not there', async () => {
    const options = { engine: await aClusterOf(containerd), cluster: 'lab', nodes: [], signal };
    await expect(loadArchives(options, [join(folder, 'none.tar')])).rejects.toMatchObject({
      code: 'ARCHIVE_UNREADABLE',
    });
  });
});
