import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { nameOf, uidOf } from '../pod-facts.ts';
import { aPod } from '../test-builders.ts';
import { podCatalog } from './catalog.ts';

const staticPod = aPod(
  {},
  {
    name: 'etcd-n1',
    namespace: 'kube-system',
    uid: 'hash-1',
    annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'hash-1' },
  },
);
const mirror = aPod(
  {},
  {
    name: 'etcd-n1',
    namespace: 'kube-system',
    uid: 'api-1',
    annotations: { 'kubernetes.io/config.mirror': 'hash-1', 'kubernetes.io/config.hash': 'hash-1' },
  },
);
const plain = (uid: string) => aPod({}, { uid, name: uid, annotations: { 'kubernetes.io/config.source': 'api' } });

function catalogWith(file: readonly Pod[], api: readonly Pod[]) {
  const duplicates: string[] = [];
  const catalog = podCatalog((pod, source) => duplicates.push(`${nameOf(pod)} (${source})`));
  catalog.replace('file', file);
  catalog.replace('api', api);
  return { catalog, duplicates };
}

describe('static pods and their mirrors', () => {
  const { catalog } = catalogWith([staticPod], [mirror, plain('web')]);

  test('a mirror is no pod to be run', () => expect(catalog.pods().map(uidOf)).toEqual(['hash-1', 'web']));
  test('it is found beside its static pod', () => expect(catalog.mirrorOf(staticPod)).toEqual(mirror));
  test('a pod of the API has none', () => expect(catalog.mirrorOf(plain('web'))).toBeUndefined());
  test("its UID leads to the static pod's", () => {
    expect(catalog.translateUid('api-1')).toBe('hash-1');
    expect(catalog.translateUid('web')).toBe('web');
    expect(catalog.translateUid('unknown')).toBe('unknown');
  });
  test('the name leads to the static pod', () =>
    expect(catalog.byFullName('kube-system', 'etcd-n1')?.metadata?.uid).toBe('hash-1'));
  test('no mirror is an orphan', () => expect(catalog.orphanMirrors()).toEqual([]));
});

test('a mirror whose static pod is gone is an orphan', () => {
  const { catalog } = catalogWith([staticPod], [mirror]);
  catalog.replace('file', []);
  expect(catalog.orphanMirrors()).toEqual([mirror]);
  catalog.set('api', 'api-1', undefined);
  expect(catalog.orphanMirrors()).toEqual([]);
});

test('when a mirror is made anew, the old one going late does not take the new one away', () => {
  const { catalog } = catalogWith([staticPod], [mirror]);
  const second = { ...mirror, metadata: { ...mirror.metadata, uid: 'api-2' } };
  catalog.set('api', 'api-2', second);
  catalog.set('api', 'api-1', undefined);
  expect(catalog.mirrorOf(staticPod)).toEqual(second);
});

test('two files with the same pod: the first one counts, the other is told of', () => {
  const twin = { ...staticPod, metadata: { ...staticPod.metadata, uid: 'hash-2' } };
  const { catalog, duplicates } = catalogWith([staticPod, twin], []);
  expect(catalog.pods().map(uidOf)).toEqual(['hash-1']);
  expect(duplicates).toEqual(['etcd-n1 (file)']);
});

test('sources do not touch one another', () => {
  const { catalog } = catalogWith([staticPod], [plain('web')]);
  expect(catalog.replace('api', [])).toMatchObject([{ operation: 'REMOVE', source: 'api' }]);
  expect(catalog.byUid('hash-1')).toEqual(staticPod);
});

test('single changes say what they are', () => {
  const { catalog } = catalogWith([], []);
  expect(catalog.set('api', 'web', plain('web'))).toMatchObject([{ operation: 'ADD', source: 'api' }]);
  expect(catalog.set('api', 'web', plain('web'))).toEqual([]);
  expect(catalog.set('api', 'web', undefined)).toMatchObject([{ operation: 'REMOVE' }]);
  expect(catalog.set('api', 'web', undefined)).toEqual([]);
});

test('nothing is missing before every source has spoken', () => {
  const catalog = podCatalog(() => undefined);
  expect(catalog.allSeen([])).toBe(true);
  catalog.replace('file', []);
  expect(catalog.allSeen(['file', 'api'])).toBe(false);
  catalog.replace('api', []);
  expect(catalog.allSeen(['file', 'api'])).toBe(true);
});
