import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import type { Pod, Volume } from '../../api/types.ts';
import { computeFileUser, computePayload, type Payload } from './payload.ts';

const text = (value: string): Uint8Array => Buffer.from(value);
const missing = (kind: string, name: string) => new ApiError(404, 'NotFound', `${kind} "${name}" not found`);

const inputs: Parameters<typeof computePayload>[2] = {
  objects: {
    configMap: async (_namespace, name) => {
      if (name !== 'cm') throw missing('configmap', name);
      return { data: { a: '1', b: '2' }, binaryData: { raw: new Uint8Array([0xff, 0]) } };
    },
    secret: async (_namespace, name) => {
      if (name !== 'sec') throw missing('secret', name);
      return { data: { password: text('geheim') }, type: 'Opaque' };
    },
    token: async (_pod, audiences, seconds) => `token for ${audiences.join() || 'the API server'}, ${seconds} s`,
  },
  trustAnchors: { read: async ({ name = '' }) => `trust in ${name}` },
  podCertificates: {
    read: async (_pod, place) => ({ keyPem: `key of ${place},`, chainPem: 'chain', refreshAt: 0, endsAt: 0 }),
  },
  hostIps: () => ['10.0.0.1'],
  resourceDefaults: () => ({ cpu: '4' }),
};

const aPod = (spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u', labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' } } }], ...spec },
});

/** `path → content (mode)`, with the owner where there is one. */
const show = (payload: Payload): Record<string, string> =>
  Object.fromEntries(
    [...payload].map(([path, { data, mode, uid }]) => [
      path,
      `${Buffer.from(data).toString('latin1')} (${mode.toString(8)}${uid === undefined ? '' : ` of ${uid}`})`,
    ]),
  );

describe('computePayload', () => {
  test.each<[string, Omit<Volume, 'name'>, Record<string, string>]>([
    ['a ConfigMap', { configMap: { name: 'cm' } }, { a: '1 (644)', b: '2 (644)', raw: '\xff\0 (644)' }],
    [
      'some of its keys, with modes',
      {
        configMap: {
          name: 'cm',
          defaultMode: 0o600,
          items: [
            { key: 'a', path: 'x' },
            { key: 'b', path: 'y/z', mode: 0o444 },
          ],
        },
      },
      { x: '1 (600)', 'y/z': '2 (444)' },
    ],
    ['an optional ConfigMap that is not there', { configMap: { name: 'none', optional: true } }, {}],
    [
      'an optional key that is not there',
      { configMap: { name: 'cm', optional: true, items: [{ key: 'no', path: 'x' }] } },
      {},
    ],
    ['a Secret', { secret: { secretName: 'sec', defaultMode: 0o400 } }, { password: 'geheim (400)' }],
    ['an optional Secret that is not there', { secret: { secretName: 'none', optional: true } }, {}],
    [
      'the downward API',
      {
        downwardAPI: {
          items: [
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            {
              path: 'cpu',
              mode: 0o600,
              resourceFieldRef: { containerName: 'c', resource: 'requests.cpu', divisor: '1m' },
            },
            { path: 'limit', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
          ],
        },
      },
      { labels: 'app="web" (644)', cpu: '250 (600)', limit: '4 (644)' },
    ],
    [
      'several sources in one, the later winning',
      {
        projected: {
          defaultMode: 0o440,
          sources: [
            { configMap: { name: 'cm', items: [{ key: 'a', path: 'same' }] } },
            { secret: { name: 'sec', items: [{ key: 'password', path: 'same' }] } },
            { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
            { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
          ],
        },
      },
      { same: 'geheim (440)', namespace: 'shop (440)', token: 'token for vault, 600 s (440)' },
    ],
    [
      'a token as long and for whom nothing is said',
      { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      { token: 'token for the API server, 3600 s (644)' },
    ],
    [
      'whom to trust',
      { projected: { sources: [{ clusterTrustBundle: { path: 'ca.pem', name: 'x' } }] } },
      { 'ca.pem': 'trust in x (644)' },
    ],
    [
      'the pod’s own certificates',
      {
        projected: {
          sources: [
            { podCertificate: { signerName: 's', keyType: 'ED25519', credentialBundlePath: 'both' } },
            { podCertificate: { signerName: 's', keyType: 'ED25519', keyPath: 'key', certificateChainPath: 'chain' } },
          ],
        },
      },
      { both: 'key of v/0,chain (644)', key: 'key of v/1, (644)', chain: 'chain (644)' },
    ],
  ])('%s', async (_name, volume, expected) => {
    expect(show(await computePayload(aPod(), { name: 'v', ...volume }, inputs))).toEqual(expected);
  });

  test.each<[string, Omit<Volume, 'name'>, string]>([
    ['a missing ConfigMap', { configMap: { name: 'none' } }, 'configmap "none" not found'],
    ['a missing Secret', { secret: { secretName: 'none' } }, 'secret "none" not found'],
    [
      'a missing key',
      { secret: { secretName: 'sec', items: [{ key: 'no', path: 'x' }] } },
      'references non-existent secret key: no',
    ],
    [
      'one problem of a projected volume',
      { projected: { sources: [{ configMap: { name: 'none' } }, { secret: { name: 'sec' } }] } },
      'configmap "none" not found',
    ],
    [
      'all problems of a projected volume',
      { projected: { sources: [{ configMap: { name: 'none' } }, { secret: { name: 'none' } }] } },
      '[configmap "none" not found, secret "none" not found]',
    ],
    [
      'a source that is not known here',
      { projected: { sources: [{}] } },
      'projected source  is not supported by this kubelet',
    ],
  ])('%s', async (_name, volume, problem) => {
    const read = computePayload(aPod(), { name: 'v', ...volume }, inputs);
    await expect(read).rejects.toMatchObject({ message: problem });
  });

  test.each<[string, Partial<NonNullable<Pod['spec']>>, string]>([
    ['everyone’s, where nothing is known of the users', {}, '644'],
    ['the group’s, through the volume’s ownership', { securityContext: { fsGroup: 2000 } }, '600'],
    ['the one user’s', { securityContext: { runAsUser: 1000 } }, '600 of 1000'],
    [
      'everyone’s, where containers run as different users',
      { securityContext: { runAsUser: 1000 }, initContainers: [{ name: 'i', securityContext: { runAsUser: 0 } }] },
      '644',
    ],
  ])('a token is %s', async (_name, spec, mode) => {
    const volume = { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
    expect(show(await computePayload(aPod(spec), volume, inputs)).token).toContain(`(${mode})`);
  });

  test('a kubelet without an API server', async () => {
    const volume = { name: 'v', configMap: { name: 'cm' } };
    await expect(computePayload(aPod(), volume, { ...inputs, objects: undefined })).rejects.toThrow('no API server');
    const anchors = { name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'ca.pem', name: 'x' } }] } };
    await expect(computePayload(aPod(), anchors, { ...inputs, trustAnchors: undefined })).rejects.toThrow(
      'ClusterTrustBundle projection is not supported in static kubelet mode',
    );
  });
});

test('a container’s own user stands above the pod’s', () => {
  const containers = [{ name: 'c', securityContext: { runAsUser: 7 } }];
  expect(computeFileUser({ spec: { containers, securityContext: { runAsUser: 1000 } } })).toBe(7);
});
