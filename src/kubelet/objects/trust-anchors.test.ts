import { describe, expect, test, vi } from 'vitest';
import { fakeApi } from '../../api/fake.ts';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { renderTrustAnchors, type TrustAnchorsSource, trustAnchors } from './trust-anchors.ts';

const collection = '/apis/certificates.k8s.io/v1/clustertrustbundles';

const body = (text: string): string => Buffer.from(text).toString('base64');
const pem = (text: string, around = ''): string =>
  `${around}-----BEGIN CERTIFICATE-----\n${body(text)}\n-----END CERTIFICATE-----\n`;

const bundle = (name: string, trustBundle: string, signerName = '', labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  spec: { signerName, trustBundle },
});

const signer = 'example.com/signer';
const stored = {
  [`${collection}/plain`]: bundle('plain', pem('plain')),
  [`${collection}/one`]: bundle('one', pem('one') + pem('shared'), signer, { alive: 'true' }),
  [`${collection}/two`]: bundle('two', pem('shared', 'some words\n'), signer, { alive: 'false' }),
  [`${collection}/other`]: bundle('other', pem('other'), 'example.com/other', { alive: 'true' }),
};

const aPod = (uid: string, clusterTrustBundle: TrustAnchorsSource): Pod => ({
  metadata: { name: uid, namespace: 'ns', uid },
  spec: {
    containers: [{ name: 'c' }],
    volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'p', ...clusterTrustBundle } }] } }],
  } as NonNullable<Pod['spec']>,
});

function setUp(objects: Parameters<typeof fakeApi>[0] = stored) {
  const api = fakeApi(objects);
  const clock = new FakeClock();
  const changed: (readonly string[])[] = [];
  return { api, clock, changed, anchors: trustAnchors({ api, clock, onChange: (uids) => changed.push(uids) }) };
}

/** What the certificates were made from, in alphabetical order. */
const textsOf = (file: string): readonly string[] =>
  [...file.matchAll(/-----BEGIN CERTIFICATE-----\n(.*)\n-----END CERTIFICATE-----\n/g)]
    .map(([, base64 = '']) => Buffer.from(base64, 'base64').toString())
    .sort();

describe('what a volume shows', () => {
  test.each<[string, TrustAnchorsSource, readonly string[]]>([
    ['one bundle by name', { name: 'plain' }, ['plain']],
    ['a missing one that is optional', { name: 'none', optional: true }, []],
    ['a signer’s, all of them, each certificate once', { signerName: signer, labelSelector: {} }, ['one', 'shared']],
    ['a signer’s, by label', { signerName: signer, labelSelector: { matchLabels: { alive: 'false' } } }, ['shared']],
    ['a signer’s without a selector: nothing', { signerName: signer, optional: true }, []],
  ])('%s', async (_name, source, expected) => {
    expect(textsOf(await setUp().anchors.read(source))).toEqual(expected);
  });

  test.each<[string, TrustAnchorsSource, string]>([
    [
      'a missing bundle',
      { name: 'none' },
      'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "none" not found',
    ],
    [
      'a signer without bundles',
      { signerName: signer, labelSelector: { matchLabels: { alive: 'who knows' } } },
      'combination of signerName and labelSelector matched zero ClusterTrustBundles',
    ],
    ['neither', {}, 'ClusterTrustBundle projection requires either name or signerName to be set'],
  ])('%s is a problem', async (_name, source, problem) => {
    await expect(setUp().anchors.read(source)).rejects.toThrow(problem);
  });

  test('an API that cannot be listed is waited for, but not for ever', async () => {
    const { anchors, clock, api } = setUp();
    vi.spyOn(api, 'list').mockRejectedValue(new Error('the server could not find the requested resource'));
    const read = anchors.read({ name: 'plain' });
    const outcome = expect(read).rejects.toThrow(
      'ClusterTrustBundle informer has not yet synced: the server could not find the requested resource',
    );
    await clock.advance(10_000);
    await outcome;
  });
});

describe('changes', () => {
  test('are told to the pods that show them', async () => {
    const { anchors, api, changed } = setUp();
    anchors.register(aPod('by-name', { name: 'plain' }));
    anchors.register(aPod('by-signer', { signerName: signer, labelSelector: {} }));
    await anchors.read({ name: 'plain' });
    expect(changed).toEqual([]);
    await vi.waitFor(async () => {
      api.put(`${collection}/plain`, bundle('plain', pem('changed')));
      expect(textsOf(await anchors.read({ name: 'plain' }))).toEqual(['changed']);
    });
    expect(new Set(changed.flat())).toEqual(new Set(['by-name']));
    await vi.waitFor(() => {
      api.put(`${collection}/three`, bundle('three', pem('three'), signer));
      expect(changed.at(-1)).toEqual(['by-signer']);
    });
  });

  test('nothing is watched once no pod shows any', async () => {
    const { anchors, api } = setUp();
    const pod = aPod('one', { name: 'plain' });
    anchors.register(pod);
    await anchors.read({ name: 'plain' });
    await anchors.read({ name: 'plain' });
    const lists = () => api.requests.filter(({ path }) => path === collection).length;
    expect(lists()).toBe(1);
    anchors.unregister(pod);
    await anchors.read({ name: 'plain' });
    expect(lists()).toBe(2);
  });
});

test('the order is the same for the same seed only', () => {
  const bundles = Array.from({ length: 12 }, (_, i) => pem(`certificate ${i}`));
  const file = renderTrustAnchors(bundles, 'a');
  expect(renderTrustAnchors(bundles.toReversed(), 'a')).toBe(file);
  expect(renderTrustAnchors(bundles, 'b')).not.toBe(file);
  expect(textsOf(file)).toHaveLength(12);
});

test('long certificates are broken into lines', () => {
  const lines = renderTrustAnchors([pem('x'.repeat(100))], '').split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBe(64);
});
