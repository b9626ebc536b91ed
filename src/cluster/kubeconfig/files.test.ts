import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FakeClock, systemClock } from '../../base/clock.ts';
import type { KubeconfigEntry } from './entry.ts';
import { addToKubeconfig, checkKubeconfig, removeClusterFromKubeconfig } from './files.ts';
import type { KubeconfigPlace } from './paths.ts';

let home: string;
let place: KubeconfigPlace;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'klab-kubeconfig-'));
  place = { home, cwd: home };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const anEntry = (cluster = 'lab'): KubeconfigEntry => ({
  name: `klab-${cluster}`,
  cluster: { server: 'https://127.0.0.1:6443' },
  user: { token: 'secret' },
});

const names = async (path: string): Promise<string[]> =>
  parse(await readFile(path, 'utf8')).contexts.map((context: { name: string }) => context.name);

describe('adding', () => {
  test('the first time: folder and file are made, readable by the user alone, and nothing else is left', async () => {
    const path = await addToKubeconfig(anEntry(), place);
    expect(path).toBe(join(home, '.kube/config'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(home, '.kube'))).toEqual(['config']);
  });

  test('a file that others may read is closed: it holds a key from now on', async () => {
    await writeFile(join(home, 'open'), '');
    await chmod(join(home, 'open'), 0o644);
    const path = await addToKubeconfig(anEntry(), { ...place, flag: 'open' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('a symbolic link stays one', async () => {
    await writeFile(join(home, 'real'), '');
    await symlink('real', join(home, 'link'));
    await addToKubeconfig(anEntry(), { ...place, flag: 'link' });
    expect(await readlink(join(home, 'link'))).toBe('real');
    expect(await names(join(home, 'real'))).toEqual(['klab-lab']);
  });

  test('a corrupt file is left untouched, and so is the lock', async () => {
    const path = join(home, 'bad');
    await writeFile(path, 'clusters: [');
    const bad = { ...place, flag: path };
    await expect(addToKubeconfig(anEntry(), bad)).rejects.toMatchObject({ code: 'KUBECONFIG_CORRUPT' });
    await expect(checkKubeconfig(bad)).rejects.toMatchObject({ code: 'KUBECONFIG_CORRUPT' });
    await expect(removeClusterFromKubeconfig('lab', bad)).rejects.toMatchObject({ code: 'KUBECONFIG_CORRUPT' });
    expect(await readFile(path, 'utf8')).toBe('clusters: [');
    expect(await readdir(home)).toEqual(['bad']);
  });

  test('a folder in the way is a clear error', async () => {
    await expect(addToKubeconfig(anEntry(), { ...place, flag: '.' })).rejects.toMatchObject({
      code: 'KUBECONFIG_NOT_READABLE',
    });
    await rm(`${home}.lock`, { force: true });
  });

  test('several processes at once: every entry arrives', async () => {
    const script = `
      import { addToKubeconfig, removeClusterFromKubeconfig } from ${JSON.stringify(join(import.meta.dirname, 'files.ts'))};
      const [id, home] = process.argv.slice(1);
      const place = { home, cwd: home };
      for (const n of [1, 2, 3]) {
        const cluster = id + '-' + n;
        await addToKubeconfig({ name: 'klab-' + cluster, cluster: {}, user: {} }, place);
        if (n === 2) await removeClusterFromKubeconfig(cluster, place);
      }`;
    const ids = ['a', 'b', 'c', 'd'];
    await Promise.all(
      ids.map((id) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, id, home])),
    );
    const want = ids.flatMap((id) => [`klab-${id}-1`, `klab-${id}-3`]);
    expect((await names(join(home, '.kube/config'))).sort()).toEqual(want);
    expect(await readdir(join(home, '.kube'))).toEqual(['config']);
  }, 30_000);
});

describe('removing', () => {
  test('from every file of $KUBECONFIG; those without the cluster are not written', async () => {
    await writeFile(join(home, 'other'), 'kind:   Config # untidy\n');
    const env = ['other', 'missing', 'own'].map((name) => join(home, name)).join(':');
    await addToKubeconfig(anEntry(), { ...place, flag: 'own' });
    expect(await removeClusterFromKubeconfig('lab', { ...place, env })).toEqual([join(home, 'own')]);
    expect(await names(join(home, 'own'))).toEqual([]);
    expect(await readFile(join(home, 'other'), 'utf8')).toBe('kind:   Config # untidy\n');
    expect((await readdir(home)).sort()).toEqual(['other', 'own']);
  });
});

test('a process that exits while it holds the lock takes it along', async () => {
  const script = `
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../base/clock.ts'))};
    import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
    await withLock(process.argv[1], async () => process.exit(3), { clock: systemClock, timeoutMs: 1000 });`;
  const args = ['--input-type=module', '-e', script, join(home, 'config')];
  await expect(promisify(execFile)(process.execPath, args)).rejects.toMatchObject({ code: 3 });
  expect(await readdir(home)).toEqual([]);
});

describe('a lock that someone else holds', () => {
  const locked = async (text: string) => {
    await writeFile(join(home, 'config.lock'), text);
    const clock = new FakeClock();
    const added = addToKubeconfig(anEntry(), { ...place, flag: 'config' }, { clock, timeoutMs: 3_000 });
    return { clock, added };
  };

  const asleep = async (clock: FakeClock) => {
    while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  };

  test('is waited for', async () => {
    const { clock, added } = await locked('');
    await asleep(clock);
    await rm(join(home, 'config.lock'));
    await clock.advance(1_000);
    await expect(added).resolves.toBe(join(home, 'config'));
  });

  test.each([
    ['of kubectl', '', /config.lock was still there after 3 s \(made .*\)/],
    ['of a klab that died', `klab 999999999 ${hostname()}\n`, /999999999 .* no longer runs/],
    ['of a klab elsewhere', 'klab 1 far-away\n', /process 1 on far-away\)$/],
  ])('%s that stays is told, and left alone', async (_name, text, message) => {
    const { clock, added } = await locked(text);
    const failed = expect(added).rejects.toMatchObject({
      code: 'KUBECONFIG_LOCKED',
      message: expect.stringMatching(message),
      hint: expect.stringContaining(`rm ${join(home, 'config.lock')}`),
    });
    for (let waitedMs = 0; waitedMs < 4_000; waitedMs += 25) {
      await Promise.race([asleep(clock), added.catch(() => undefined)]);
      await clock.advance(25);
    }
    await failed;
    expect(await readFile(join(home, 'config.lock'), 'utf8')).toBe(text);
  });

  test('the wait can be cancelled', async () => {
    await writeFile(join(home, 'config.lock'), '');
    const stop = new AbortController();
    const options = { clock: systemClock, timeoutMs: 60_000, signal: stop.signal };
    const added = addToKubeconfig(anEntry(), { ...place, flag: 'config' }, options);
    stop.abort(new Error('enough'));
    await expect(added).rejects.toThrow('enough');
  });
});
