import { describe, expect, test, vi } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { fakeApi } from '../../api/fake.ts';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { podObjects, serviceLister } from './index.ts';
import { findReferences } from './references.ts';

const aPod = (uid: string, configMap = 'settings'): Pod => ({
  metadata: { name: `pod-${uid}`, namespace: 'ns', uid },
  spec: { serviceAccountName: 'robot', containers: [{ name: 'c', envFrom: [{ configMapRef: { name: configMap } }] }] },
});
const at = '/api/v1/namespaces/ns/configmaps/settings';

function setUp(objects: Parameters<typeof fakeApi>[0] = {}) {
  const api = fakeApi(objects);
  const clock = new FakeClock();
  const changed: (readonly string[])[] = [];
  return {
    api,
    clock,
    changed,
    objects: podObjects({ api, clock, onChange: (uids) => changed.push(uids), showTrustBundles: false }),
  };
}
const settings = (data: Record<string, string>, more: object = {}) => ({
  metadata: { name: 'settings', namespace: 'ns' },
  data,
  ...more,
});
const gets = (api: ReturnType<typeof fakeApi>) =>
  api.requests.filter(({ method, path }) => method === 'GET' && path === at);

describe('objects of pods', () => {
  test('are read once, whoever asks, and kept by a watch', async () => {
    const { api, objects, changed } = setUp({ [at]: settings({ a: '1' }) });
    objects.register(aPod('one'));
    objects.register(aPod('two'));
    await Promise.all([objects.configMap('ns', 'settings'), objects.configMap('ns', 'settings')]);
    expect(gets(api)).toHaveLength(1);
    await vi.waitFor(async () => {
      api.put(at, settings({ a: '2' }));
      expect((await objects.configMap('ns', 'settings')).data).toEqual({ a: '2' });
    });
    expect(changed.at(-1)).toEqual(['one', 'two']);
    expect(gets(api)).toHaveLength(1);
  });

  test('that are missing are told as such, and announced when they appear', async () => {
    const { api, objects, changed } = setUp();
    objects.register(aPod('one'));
    await expect(objects.configMap('ns', 'settings')).rejects.toThrow('configmap "settings" not found');
    await expect(objects.configMap('ns', 'settings')).rejects.toMatchObject({ code: 404 });
    await vi.waitFor(() => {
      api.put(at, settings({ a: '1' }));
      expect(changed).toContainEqual(['one']);
    });
    expect((await objects.configMap('ns', 'settings')).data).toEqual({ a: '1' });
  });

  test('that are immutable are never asked for again', async () => {
    const { api, objects } = setUp({ [at]: settings({ a: '1' }, { immutable: true }) });
    objects.register(aPod('one'));
    await objects.configMap('ns', 'settings');
    api.put(at, settings({ a: '2' }));
    expect((await objects.configMap('ns', 'settings')).data).toEqual({ a: '1' });
  });

  test('are forgotten with the last pod that refers to them', async () => {
    const { api, objects } = setUp({ [at]: settings({ a: '1' }) });
    objects.register(aPod('one'));
    objects.register(aPod('two'));
    await objects.configMap('ns', 'settings');
    objects.unregister(aPod('one'));
    await objects.configMap('ns', 'settings');
    expect(gets(api)).toHaveLength(1);
    objects.unregister(aPod('two'));
    await objects.configMap('ns', 'settings');
    expect(gets(api)).toHaveLength(2);
  });
});

describe('tokens', () => {
  const path = '/api/v1/namespaces/ns/serviceaccounts/robot/token';
  function withTokens(lifeMs: number) {
    const made = setUp();
    let count = 0;
    vi.spyOn(made.api, 'create').mockImplementation(async <T>() => {
      count += 1;
      return {
        status: { token: `token-${count}`, expirationTimestamp: new Date(made.clock.now() + lifeMs).toISOString() },
      } as T;
    });
    return made;
  }
  const hour = 3_600_000;

  test.each([
    ['young: the same', hour, 0.7 * hour, 'token-1'],
    ['past 80 % of its life: a new one', hour, 0.81 * hour, 'token-2'],
    ['older than a day: a new one', 240 * hour, 24.1 * hour, 'token-2'],
  ])('%s', async (_name, lifeMs, laterMs, expected) => {
    const { objects, clock } = withTokens(lifeMs);
    expect(await objects.token(aPod('one'), ['aud'], 3607)).toBe('token-1');
    await clock.advance(laterMs);
    expect(await objects.token(aPod('one'), ['aud'], 3607)).toBe(expected);
  });

  test('are bound to the pod', async () => {
    const { objects, api } = withTokens(hour);
    await objects.token(aPod('one'), ['aud'], 3607);
    expect(vi.mocked(api.create).mock.calls[0]).toMatchObject([
      path,
      {
        spec: {
          audiences: ['aud'],
          expirationSeconds: 3607,
          boundObjectRef: { kind: 'Pod', name: 'pod-one', uid: 'one' },
        },
      },
    ]);
  });

  test('are shared by those who ask at the same time, not by other pods or audiences', async () => {
    const { objects, api } = withTokens(hour);
    await Promise.all([objects.token(aPod('one'), [], 600), objects.token(aPod('one'), [], 600)]);
    expect(api.create).toHaveBeenCalledTimes(1);
    await objects.token(aPod('two'), [], 600);
    await objects.token(aPod('one'), ['x'], 600);
    expect(api.create).toHaveBeenCalledTimes(3);
  });

  test('a refresh that fails leaves the old one until it ends', async () => {
    const { objects, api, clock } = withTokens(hour);
    await objects.token(aPod('one'), [], 3600);
    vi.mocked(api.create).mockRejectedValue(new ApiError(0, '', 'refused'));
    await clock.advance(0.9 * hour);
    expect(await objects.token(aPod('one'), [], 3600)).toBe('token-1');
    await clock.advance(0.2 * hour);
    await expect(objects.token(aPod('one'), [], 3600)).rejects.toThrow('token expired and refresh failed: refused');
  });

  test('a first one that cannot be had', async () => {
    const { objects, api } = withTokens(hour);
    vi.mocked(api.create).mockRejectedValue(new ApiError(404, 'NotFound', 'serviceaccounts "robot" not found'));
    await expect(objects.token(aPod('one'), [], 3600)).rejects.toThrow(
      'failed to fetch token: serviceaccounts "robot" not found',
    );
  });
});

test('services by namespace, as they come and go', async () => {
  const path = (ns: string, name: string) => `/api/v1/namespaces/${ns}/services/${name}`;
  const service = (namespace: string, name: string) => ({ metadata: { namespace, name } });
  const { api, clock } = setUp({
    [path('default', 'kubernetes')]: service('default', 'kubernetes'),
    [path('ns', 'web')]: service('ns', 'web'),
  });
  const stop = new AbortController();
  const services = serviceLister(api, clock);
  expect(services.synced()).toBe(false);
  const done = services.run(stop.signal);
  const names = () => services.list('ns').map(({ metadata }) => metadata?.name);
  await vi.waitFor(() => expect(names()).toEqual(['web']));
  expect(services.synced()).toBe(true);
  await vi.waitFor(() => {
    api.put(path('ns', 'db'), service('ns', 'db'));
    expect(names()).toEqual(['web', 'db']);
  });
  api.take(path('ns', 'web'));
  await vi.waitFor(() => expect(names()).toEqual(['db']));
  stop.abort();
  await done;
});

test('every place where a pod may name a Secret or a ConfigMap', () => {
  const pod: Pod = {
    spec: {
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [
        { name: 'i', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'k' } } }] },
      ],
      containers: [
        {
          name: 'c',
          envFrom: [{ secretRef: { name: 'from-secret' } }],
          env: [{ name: 'B', valueFrom: { configMapKeyRef: { name: 'env-map', key: 'k' } } }],
        },
      ],
      volumes: [
        { name: 'a', secret: { secretName: 'volume-secret' } },
        { name: 'b', configMap: { name: 'volume-map' } },
        {
          name: 'c',
          projected: { sources: [{ secret: { name: 'part-secret' } }, { configMap: { name: 'part-map' } }] },
        },
      ],
    },
  };
  expect(findReferences(pod).map(({ kind, name }) => `${kind}/${name}`)).toEqual([
    'secrets/pull',
    'secrets/env-secret',
    'secrets/from-secret',
    'configmaps/env-map',
    'secrets/volume-secret',
    'configmaps/volume-map',
    'secrets/part-secret',
    'configmaps/part-map',
  ]);
});
