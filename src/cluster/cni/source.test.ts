import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireCalico } from './calico/recognise.ts';
import { sha256Of } from './checksum.ts';
import { readManifest } from './manifest.ts';
import { calicoVersion, loadManifest, type ManifestRequest, type SourceOptions } from './source.ts';
import { calicoShape } from './testing/calico-shape.ts';

const manifest = calicoShape();
const calico: ManifestRequest = { kind: 'calico' };
const file = `calico-${calicoVersion}.yaml`;

/** A publisher whose answer can be changed, and who counts how often it was asked. */
async function aServer(answer: { status: number; text: string }) {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(answer.status).end(answer.text);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/calico.yaml`, asked: () => asked, stop: () => server.close() };
}

async function options(url: string, some: Partial<SourceOptions> = {}): Promise<SourceOptions> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'klab-cni-'));
  onTestFinished(() => rm(cacheDir, { recursive: true }));
  return {
    sha256: undefined,
    cacheDir,
    env: { KLAB_CALICO_URL: url },
    cwd: cacheDir,
    stdin: async () => manifest,
    signal: new AbortController().signal,
    check: (text, source) => void requireCalico(readManifest(text, source)),
    ...some,
  };
}

const cached = async ({ cacheDir }: SourceOptions) => readdir(join(cacheDir, 'cni')).catch(() => []);

describe('the published manifest', () => {
  test('is downloaded once, and its checksum recorded and told', async () => {
    const server = await aServer({ status: 200, text: manifest });
    const given = await options(server.url);
    const first = await loadManifest(calico, given);
    expect(first.note).toContain(sha256Of(manifest));
    server.stop();
    const second = await loadManifest(calico, given);
    expect(second).toEqual({ text: manifest, source: join(given.cacheDir, 'cni', file) });
    expect(server.asked()).toBe(1);
    expect(await readFile(join(given.cacheDir, 'cni', `${file}.sha256`), 'utf8')).toBe(
      `${sha256Of(manifest)}  ${file}\n`,
    );
  });

  test('is refused when another one comes than was recorded', async () => {
    const answer = { status: 200, text: manifest };
    const given = await options((await aServer(answer)).url);
    await loadManifest(calico, given);
    await rm(join(given.cacheDir, 'cni', file));
    answer.text = `${manifest}# changed\n`;
    await expect(loadManifest(calico, given)).rejects.toMatchObject({
      code: 'CNI_CHECKSUM_WRONG',
      message: expect.stringContaining(sha256Of(manifest)),
      hint: expect.stringContaining(`${file}.sha256`),
    });
  });

  test('is refused when the cached one was changed', async () => {
    const given = await options((await aServer({ status: 200, text: manifest })).url);
    await loadManifest(calico, given);
    await writeFile(join(given.cacheDir, 'cni', file), `${manifest}# changed\n`);
    await expect(loadManifest(calico, given)).rejects.toMatchObject({ code: 'CNI_CHECKSUM_WRONG' });
  });

  test.each<[string, { status: number; text: string }, Partial<SourceOptions>, string, RegExp]>([
    ['not there', { status: 404, text: '' }, {}, 'CNI_DOWNLOAD_FAILED', /404/],
    ['a page instead', { status: 200, text: '<html></html>' }, {}, 'CNI_MANIFEST_INVALID', /no manifest/],
    ['another network', { status: 200, text: calicoShape({ without: ['calico-config'] }) }, {}, 'NOT_CALICO', /Config/],
    ['another than asked for', { status: 200, text: manifest }, { sha256: 'a'.repeat(64) }, 'CNI_CHECKSUM_WRONG', /aa/],
    ['a checksum that is none', { status: 200, text: manifest }, { sha256: 'abc' }, 'USAGE', /"abc" is no sha256/],
  ])('%s: an error, and nothing is kept', async (_name, answer, some, code, message) => {
    const given = await options((await aServer(answer)).url, some);
    await expect(loadManifest(calico, given)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await cached(given)).toEqual([]);
  });

  test('no network and no cache: what to do instead', async () => {
    const server = await aServer({ status: 200, text: manifest });
    server.stop();
    await expect(loadManifest(calico, await options(server.url))).rejects.toMatchObject({
      code: 'CNI_DOWNLOAD_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining('--manifest FILE'),
    });
  });
});

describe('a given manifest', () => {
  const sha256 = sha256Of(manifest);
  test.each([
    ['standard input', '-', 'standard input'],
    ['a file', 'mine.yaml', 'mine.yaml'],
  ])('%s', async (_name, source, shown) => {
    const given = await options('http://127.0.0.1:1/', { sha256: sha256.toUpperCase() });
    await writeFile(join(given.cwd, 'mine.yaml'), manifest);
    expect(await loadManifest({ kind: 'given', source }, given)).toEqual({ text: manifest, source: shown });
  });

  test('a URL is not cached', async () => {
    const server = await aServer({ status: 200, text: manifest });
    const given = await options('http://127.0.0.1:1/');
    expect((await loadManifest({ kind: 'given', source: server.url }, given)).text).toBe(manifest);
    expect(await cached(given)).toEqual([]);
  });

  test('a URL that does not answer: what to do instead', async () => {
    const server = await aServer({ status: 200, text: manifest });
    server.stop();
    const given = await options('http://127.0.0.1:1/');
    await expect(loadManifest({ kind: 'given', source: server.url }, given)).rejects.toMatchObject({
      code: 'CNI_DOWNLOAD_FAILED',
      hint: 'without network, name a file instead of the URL',
    });
  });

  test.each([
    ['no such file', 'none.yaml', {}, 'CNI_MANIFEST_UNREADABLE'],
    ['another checksum', '-', { sha256: 'b'.repeat(64) }, 'CNI_CHECKSUM_WRONG'],
    ['no manifest', '-', { stdin: async () => 'hello' }, 'CNI_MANIFEST_INVALID'],
  ])('%s', async (_name, source, some, code) => {
    const given = await options('http://127.0.0.1:1/', some);
    await expect(loadManifest({ kind: 'given', source }, given)).rejects.toMatchObject({ code });
  });
});
