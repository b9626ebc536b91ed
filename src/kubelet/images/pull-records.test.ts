import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { createImageManager } from './manager.ts';
import {
  decideImageAccess,
  mergeCredentials,
  needsVerification,
  type PullCredentials,
  type PullSecret,
  parseRecord,
  recordFileName,
  renderIntent,
} from './pull-record.ts';
import { pullRecords } from './pull-records.ts';
import { parseImageReference, withoutTag } from './reference.ts';

const aSecret = (name: string, credentialHash = `hash of ${name}`, uid = `uid of ${name}`): PullSecret => ({
  uid,
  namespace: 'ns',
  name,
  credentialHash,
});
const pulledWith = (...kubernetesSecrets: PullSecret[]): PullCredentials => ({ kubernetesSecrets });
const anyone: PullCredentials = { nodePodsAccessible: true };

test.each([
  ['busybox', 'busybox'],
  ['busybox:1.37', 'busybox'],
  ['localhost:5000/a/b:1', 'localhost:5000/a/b'],
  [`ghcr.io/a:1@sha256:${'a'.repeat(64)}`, 'ghcr.io/a'],
])('%s without its tag is %s', (image, name) => {
  const parsed = parseImageReference(image);
  if (typeof parsed === 'string') throw new Error(parsed);
  expect(withoutTag(image, parsed)).toBe(name);
});

test.each<[string, PullCredentials | undefined, readonly PullSecret[], 'granted' | 'pull']>([
  ['never pulled by this name', undefined, [aSecret('a')], 'pull'],
  ['pulled without a secret', anyone, [], 'granted'],
  ['pulled with a secret, the pod has none', pulledWith(aSecret('a')), [], 'pull'],
  ['pulled with the pod’s own secret', pulledWith(aSecret('b'), aSecret('a')), [aSecret('a')], 'granted'],
  ['pulled with another secret', pulledWith(aSecret('a')), [aSecret('b')], 'pull'],
  ['with the same content', pulledWith(aSecret('a', 'same')), [aSecret('b', 'same')], 'granted'],
  ['the secret’s content changed since', pulledWith(aSecret('a', 'old')), [aSecret('a', 'new')], 'granted'],
  ['a new secret of that name', pulledWith(aSecret('a', 'old', 'one')), [aSecret('a', 'new', 'other')], 'pull'],
  ['contents that are not known are not the same', pulledWith(aSecret('a', '')), [aSecret('b', '')], 'pull'],
])('access: %s', (_name, credentials, secrets, kind) => {
  expect(decideImageAccess(credentials, secrets).kind).toBe(kind);
});

test.each<[string, PullCredentials | undefined, PullCredentials, PullCredentials]>([
  ['the first', undefined, pulledWith(aSecret('a')), pulledWith(aSecret('a'))],
  ['one more, in order', pulledWith(aSecret('b')), pulledWith(aSecret('a')), pulledWith(aSecret('a'), aSecret('b'))],
  [
    'new content of one',
    pulledWith(aSecret('a', 'old')),
    pulledWith(aSecret('a', 'new')),
    pulledWith(aSecret('a', 'new')),
  ],
  ['anyone’s from now on', pulledWith(aSecret('a')), anyone, anyone],
  ['anyone’s as before', anyone, pulledWith(aSecret('a')), anyone],
])('merging: %s', (_name, known, added, expected) => expect(mergeCredentials(known, added)).toEqual(expected));

const lists = ['ghcr.io/team/*', 'busybox'];
test.each([
  ['NeverVerify', 'x', true, false],
  ['NeverVerifyPreloadedImages', 'x', true, true],
  ['NeverVerifyPreloadedImages', 'x', false, false],
  ['NeverVerifyAllowlistedImages', 'busybox', true, false],
  ['NeverVerifyAllowlistedImages', 'ghcr.io/team/app', true, false],
  ['NeverVerifyAllowlistedImages', 'ghcr.io/teams', false, true],
  ['AlwaysVerify', 'busybox', false, true],
])('policy %s: %s, pulled by the kubelet: %s', (kind, image, pulled, expected) => {
  expect(needsVerification({ kind, allowed: lists }, image, pulled)).toBe(expected);
});

describe('on disk', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'images-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A kubelet with this folder; pods name the secrets whose passwords they have. */
  function aKubelet(cri = fakeCri(new FakeClock())) {
    const clock = new FakeClock();
    const policy = { kind: 'NeverVerifyPreloadedImages', allowed: [] };
    const records = pullRecords({ folder, clock, cri, policy });
    const passwords: Record<string, string> = { good: 'p', copy: 'p', bad: 'q' };
    const manager = createImageManager({
      cri,
      clock,
      journal: memoryJournal(),
      maxParallelPulls: 1,
      records,
      objects: {
        secret: async (_namespace, name) => {
          const config = { auths: { 'ghcr.io': { username: 'u', password: passwords[name] } } };
          return { uid: name, type: '', data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)) } };
        },
      },
    });
    const ensure = async (image: string, secret?: string, imagePullPolicy = 'IfNotPresent') => {
      const pulls = () => cri.calls.filter((call) => call.startsWith('pullImage')).length;
      const before = pulls();
      const imagePullSecrets = secret === undefined ? [] : [{ name: secret }];
      const container = aContainer('main', { image, imagePullPolicy });
      await manager.ensure(aPod({ imagePullSecrets }), container, undefined, new AbortController().signal);
      return pulls() > before ? 'pulled' : 'used';
    };
    return { cri, clock, records, ensure };
  }
  const readRecords = async () => {
    const files = await readdir(join(folder, 'pulled'));
    return Promise.all(files.map(async (file) => parseRecord(await readFile(join(folder, 'pulled', file), 'utf8'))));
  };

  test('an image that was pulled with a secret is for those who have it', async () => {
    const { cri, ensure } = aKubelet();
    cri.pullable.add('ghcr.io/app:1');
    expect(await ensure('ghcr.io/app:1', 'good')).toBe('pulled');
    expect(await readdir(join(folder, 'pulling'))).toEqual([]);
    expect(await readdir(join(folder, 'pulled'))).toEqual([recordFileName('sha256:ghcr.io/app:1')]);
    expect(await ensure('ghcr.io/app:1', 'good')).toBe('used');
    expect(await ensure('ghcr.io/app:1', 'copy')).toBe('used');
    expect(await ensure('ghcr.io/app:1', 'bad')).toBe('pulled');
    const [record] = await readRecords();
    expect(record?.credentials['ghcr.io/app']?.kubernetesSecrets?.map(({ name }) => name)).toEqual([
      'bad',
      'copy',
      'good',
    ]);
    expect(JSON.stringify(record)).not.toContain('"p"');
  });

  test('a pod without a secret has to ask the registry', async () => {
    const { cri, ensure } = aKubelet();
    cri.pullable.add('ghcr.io/app:1');
    await ensure('ghcr.io/app:1', 'good');
    cri.pullable.delete('ghcr.io/app:1');
    await expect(ensure('ghcr.io/app:1')).rejects.toThrow('not found');
    await expect(ensure('ghcr.io/app:1', undefined, 'Never')).rejects.toThrow(
      'is not present with pull policy of Never',
    );
  });

  test('one that was pulled without is for everyone, also after a restart', async () => {
    const { cri, ensure } = aKubelet();
    cri.pullable.add('busybox:1');
    expect(await ensure('busybox:1')).toBe('pulled');
    expect(await aKubelet(cri).ensure('busybox:1', 'bad')).toBe('used');
  });

  test('one that was there before is for everyone', async () => {
    const { cri, ensure } = aKubelet();
    cri.images.add('busybox:1');
    expect(await ensure('busybox:1')).toBe('used');
  });

  test('one whose pull was cut short is not taken for one that was there before', async () => {
    await mkdir(join(folder, 'pulling'));
    await writeFile(join(folder, 'pulling', recordFileName('busybox:1')), renderIntent('busybox:1'));
    const { cri, ensure } = aKubelet();
    cri.images.add('busybox:1');
    cri.pullable.add('busybox:1');
    expect(await ensure('busybox:1')).toBe('pulled');
    expect(await ensure('busybox:1')).toBe('used');
    expect(await readdir(join(folder, 'pulling'))).toEqual([]);
  });

  test('a record that cannot be read opens nothing', async () => {
    const { cri, ensure } = aKubelet();
    cri.pullable.add('busybox:1');
    await ensure('busybox:1');
    await writeFile(join(folder, 'pulled', recordFileName('sha256:busybox:1')), '{');
    expect(await ensure('busybox:1')).toBe('pulled');
    expect(await ensure('busybox:1')).toBe('used');
  });

  test('a pull that failed leaves no trace', async () => {
    const { ensure } = aKubelet();
    await expect(ensure('no:1')).rejects.toThrow('not found');
    expect(await readdir(join(folder, 'pulling'))).toEqual([]);
    expect(await readdir(join(folder, 'pulled'))).toEqual([]);
  });

  test('images that are gone are forgotten, but for those that came meanwhile', async () => {
    const { cri, clock, records, ensure } = aKubelet();
    for (const image of ['old:1', 'used:1']) {
      cri.pullable.add(image);
      await ensure(image);
    }
    await clock.advance(60_000);
    const before = clock.now();
    cri.pullable.add('new:1');
    await ensure('new:1');
    await records.prune(new Set(['sha256:used:1']), before);
    expect((await readRecords()).map(({ imageRef }) => imageRef).sort()).toEqual(['sha256:new:1', 'sha256:used:1']);
  });
});
