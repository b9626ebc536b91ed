import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { CriError } from '../../cri/port.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { parseDockerConfig, selectCredentials } from './credentials.ts';
import { createImageManager } from './manager.ts';
import { pullRate } from './pull-rate.ts';
import { parseImageReference, withDefaultTag } from './reference.ts';

test.each([
  ['nginx', 'docker.io', 'library/nginx', 'nginx:latest'],
  ['nginx:1', 'docker.io', 'library/nginx', 'nginx:1'],
  ['a/b', 'docker.io', 'a/b', 'a/b:latest'],
  ['localhost:5000/x/y:z', 'localhost:5000', 'x/y', 'localhost:5000/x/y:z'],
  [
    `registry.k8s.io/pause@sha256:${'a'.repeat(64)}`,
    'registry.k8s.io',
    'pause',
    `registry.k8s.io/pause@sha256:${'a'.repeat(64)}`,
  ],
])('%s is %s’s %s', (image, registry, repository, tagged) => {
  const parsed = parseImageReference(image);
  expect(parsed).toMatchObject({ registry, repository });
  if (typeof parsed !== 'string') expect(withDefaultTag(image, parsed)).toBe(tagged);
});

test.each([
  ['Nginx', 'library/Nginx'],
  ['UPPER:::x', 'library/UPPER'],
  ['ghcr.io/a/B:c', 'a/B'],
])('%s has capitals in its name', (image, name) => {
  expect(parseImageReference(image)).toBe(`invalid reference format: repository name (${name}) must be lowercase`);
});

test.each(['', 'Nginx', 'a//b', 'a:b:c', 'x@sha256:short', ':tag'])('%j is no image', (image) => {
  expect(parseImageReference(image)).toMatch(/^invalid reference format/);
});

const dockerConfig = JSON.stringify({
  auths: {
    'https://index.docker.io/v1/': { auth: Buffer.from('me:pass:word').toString('base64') },
    'ghcr.io': { username: 'all', password: 'p' },
    'ghcr.io/team': { username: 'team', password: 'p' },
    '*.example.com': { username: 'star', password: 'p' },
    'b.example.com': { username: 'exact', password: 'p' },
    'quay.io/team/': { username: 'slash', password: 'p' },
    'https://gcr.io/v2/project': { username: 'v2', password: 'p' },
    'registry.*': { username: 'port', password: 'p' },
  },
});

test.each([
  ['nginx', ['me']],
  ['ghcr.io/team/app', ['team', 'all']],
  ['ghcr.io/other', ['all']],
  ['eu.example.com/x', ['star']],
  ['a.eu.example.com/x', []],
  ['b.example.com/x', ['exact', 'star']],
  ['ghcr.io/team-two/app', ['team', 'all']],
  ['quay.io/team/app', ['slash']],
  ['quay.io/team-two/app', []],
  ['gcr.io/project/app', ['v2']],
  ['registry.example/x', ['port']],
  ['registry.example:5000/x', []],
])('credentials for %s: %j', (image, names) => {
  const parsed = parseImageReference(image);
  if (typeof parsed === 'string') throw new Error(parsed);
  expect(selectCredentials(parseDockerConfig(dockerConfig), parsed).map(({ auth }) => auth?.username)).toEqual(names);
});

test('a password may have a colon', () => {
  expect(parseDockerConfig(dockerConfig)[0]).toMatchObject({
    username: 'me',
    password: 'pass:word',
    scope: 'index.docker.io',
  });
});

function aManager() {
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  const journal = memoryJournal();
  const manager = createImageManager({ cri, clock, journal, maxParallelPulls: 1 });
  const ensure = (image: string, imagePullPolicy?: string) =>
    manager
      .ensure(
        aPod(),
        aContainer('main', { image, ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }) }),
        undefined,
        new AbortController().signal,
      )
      .catch((error: Error & { reason: string }) => `${error.reason}: ${error.message}`);
  const events = () =>
    journal.records.flatMap((record) => {
      const event = projectionOf(record).event?.(record);
      return event === undefined ? [] : [`${event.reason}: ${event.message}`];
    });
  return { manager, clock, cri, journal, ensure, events };
}

test('an image that is there is not pulled', async () => {
  const { cri, ensure, events } = aManager();
  cri.images.add('busybox:1');
  expect(await ensure('busybox:1', 'IfNotPresent')).toBe('sha256:busybox:1');
  expect(events()).toEqual([
    'Pulled: Container image "busybox:1" already present on machine and can be accessed by the pod',
  ]);
});

test('Always pulls, and so does no tag', async () => {
  const { cri, ensure } = aManager();
  cri.images.add('busybox:latest');
  cri.pullable.add('busybox:latest');
  await ensure('busybox');
  expect(cri.calls).toContain('pullImage busybox:latest');
});

test('Events and messages name the image as the container does', async () => {
  const { cri, ensure, events } = aManager();
  await ensure('no');
  expect(await ensure('no')).toBe(
    'ImagePullBackOff: Back-off pulling image "no": ErrImagePull: rpc error: code = NotFound desc = no:latest not found',
  );
  cri.images.add('busybox:latest');
  await ensure('busybox', 'IfNotPresent');
  expect(await ensure('none', 'Never')).toMatch(/Container image "none" is not present/);
  expect(events()).toEqual([
    'Pulling: Pulling image "no"',
    'Failed: Failed to pull image "no": rpc error: code = NotFound desc = no:latest not found',
    'BackOff: Back-off pulling image "no"',
    'Pulled: Container image "busybox" already present on machine and can be accessed by the pod',
    'ErrImageNeverPull: Container image "none" is not present with pull policy of Never',
  ]);
});

test.each([
  ['broken', 'ErrImagePull: broken'],
  [
    'RegistryUnavailable: no route',
    'RegistryUnavailable: image pull failed for no:1 because the registry is unavailable: no route',
  ],
  [
    'SignatureValidationFailed: who?',
    'SignatureValidationFailed: image pull failed for no:1 because the signature validation failed: who?',
  ],
])('a runtime that says %s, without a code that means something', async (text, wanted) => {
  const { cri, ensure } = aManager();
  cri.pullImage = async () => {
    throw new CriError('pullImage', 'other', 'Unknown', text);
  };
  expect(await ensure('no:1')).toBe(wanted);
  expect(await ensure('no:1')).toBe(`ImagePullBackOff: Back-off pulling image "no:1": ${wanted}`);
});

test('of several credentials each says why it failed, the same only once', async () => {
  const { cri, clock, journal } = aManager();
  const entry = (scope: string, username: string) => ({ scope, username, password: 'p', identityToken: '' });
  const answers: Record<string, string> = { a: 'denied', b: 'expired', c: 'denied' };
  cri.pullImage = async (_image, auth) => {
    throw new CriError('pullImage', 'other', 'Unknown', answers[auth?.username ?? ''] ?? '');
  };
  const nodeCredentials = async () => ['a', 'b', 'c'].map((name) => entry('ghcr.io', name));
  const manager = createImageManager({ cri, clock, journal, maxParallelPulls: 1, nodeCredentials });
  const container = aContainer('main', { image: 'ghcr.io/a/b:1' });
  await expect(manager.ensure(aPod(), container, undefined, new AbortController().signal)).rejects.toMatchObject({
    reason: 'ErrImagePull',
    message: '[denied, expired]',
  });
});

test('an image that was pulled is there, though nobody knows its size', async () => {
  const { cri, ensure, events } = aManager();
  cri.pullable.add('busybox:1');
  cri.imageStatus = async () => {
    throw new Error('no disk');
  };
  expect(await ensure('busybox:1', 'Always')).toBe('sha256:busybox:1');
  expect(events()).toContain(
    'Pulled: Successfully pulled image "busybox:1" in 0s (0s including waiting). Image size: 0 bytes.',
  );
});

test('an image that cannot be looked up', async () => {
  const { cri, ensure } = aManager();
  cri.imageStatus = async () => {
    throw new CriError('imageStatus', 'other', 'Internal', 'no disk');
  };
  expect(await ensure('busybox:1', 'IfNotPresent')).toBe(
    'ImageInspectError: Failed to inspect image "": rpc error: code = Internal desc = no disk',
  );
});

test('an image of a volume is the pod’s', async () => {
  const { manager, journal } = aManager();
  const volume = { reference: 'no:1', pullPolicy: 'IfNotPresent' };
  await expect(manager.ensureForVolume(aPod(), volume, undefined, new AbortController().signal)).rejects.toMatchObject({
    reason: 'ErrImagePull',
  });
  const [event] = journal.records.flatMap((record) => projectionOf(record).event?.(record) ?? []);
  expect(event).toMatchObject({ reason: 'Pulling', message: 'Pulling image "no:1"' });
  expect(event?.object).not.toHaveProperty('fieldPath');
});

test('Never does not', async () => {
  const { cri, ensure } = aManager();
  expect(await ensure('busybox:1', 'Never')).toBe(
    'ErrImageNeverPull: Container image "busybox:1" is not present with pull policy of Never',
  );
  expect(cri.calls).not.toContain('pullImage busybox:1');
});

test('a name that is none is said so', async () => {
  const { ensure } = aManager();
  expect(await ensure('Bad Image')).toMatch(/^InvalidImageName: Failed to apply default image tag "Bad Image"/);
});

test('a pull that failed waits: 10 seconds, then 20', async () => {
  const { clock, cri, ensure, events } = aManager();
  const error = 'rpc error: code = NotFound desc = no:1 not found';
  expect(await ensure('no:1')).toBe(`ErrImagePull: ${error}`);
  expect(await ensure('no:1')).toBe(`ImagePullBackOff: Back-off pulling image "no:1": ErrImagePull: ${error}`);
  await clock.advance(10_000);
  expect(await ensure('no:1')).toBe(`ErrImagePull: ${error}`);
  await clock.advance(10_000);
  expect(await ensure('no:1')).toMatch(/^ImagePullBackOff/);
  await clock.advance(10_000);
  cri.pullable.add('no:1');
  expect(await ensure('no:1')).toBe('sha256:no:1');
  expect(events().slice(0, 3)).toEqual([
    'Pulling: Pulling image "no:1"',
    `Failed: Failed to pull image "no:1": ${error}`,
    'BackOff: Back-off pulling image "no:1"',
  ]);
});

test('pulls are as frequent as allowed, more of them after a rest', async () => {
  const clock = new FakeClock();
  const mayPull = pullRate(clock, 2, 3);
  const tries = (count: number) => Array.from({ length: count }, mayPull).filter(Boolean).length;
  expect(tries(5)).toBe(3);
  await clock.advance(500);
  expect(tries(5)).toBe(1);
  await clock.advance(60_000);
  expect(tries(5)).toBe(3);
  const any = pullRate(clock, 0, 1);
  expect([any(), any(), any()]).toEqual([true, true, true]);
});

test('a pull too many fails, and is tried again later', async () => {
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  cri.pullable.add('busybox:1').add('busybox:2');
  const journal = memoryJournal();
  const manager = createImageManager({ cri, clock, journal, maxParallelPulls: 1, mayPull: pullRate(clock, 1, 1) });
  const ensure = (image: string) =>
    manager.ensure(aPod(), aContainer('main', { image }), undefined, new AbortController().signal);
  await ensure('busybox:1');
  await expect(ensure('busybox:2')).rejects.toThrow('pull QPS exceeded');
  await clock.advance(10_000);
  expect(await ensure('busybox:2')).toBe('sha256:busybox:2');
});

test('a registry with a port is sent its credentials: the runtime would drop those with an address it cannot read', () => {
  const auths = parseDockerConfig(JSON.stringify({ auths: { 'localhost:5000': { auth: btoa('user:password') } } }));
  const image = parseImageReference('localhost:5000/pause:testing');
  if (typeof image === 'string') throw new Error(image);
  const [credential] = selectCredentials(auths, image);
  expect(credential?.auth).toMatchObject({ username: 'user', password: 'password', serverAddress: '' });
});
