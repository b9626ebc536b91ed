import { describe, expect, test } from 'vitest';
import { parseManifest } from './parse-manifest.ts';
import { renderStaticPod, type StaticPodOrigin } from './static-pod.ts';
import { fnv128a, staticUid } from './static-uid.ts';

const origin: StaticPodOrigin = {
  source: 'file',
  place: '/etc/kubernetes/manifests/web.yaml',
  nodeName: 'Node-1',
  seenAt: '2026-01-01T12:00:00.000000000Z',
};
const manifest = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', ...metadata },
  spec: { containers: [{ name: 'main', image: 'busybox:1.37' }], ...spec },
});
const render = (spec: object = {}, metadata: object = {}, more: Partial<StaticPodOrigin> = {}) =>
  renderStaticPod(manifest(spec, metadata), { ...origin, ...more });

describe('what the kubelet adds to a manifest', () => {
  test('the node in the name, a namespace, a UID, and where it came from', () => {
    const { metadata, spec, status } = render();
    expect(metadata).toMatchObject({ name: 'web-node-1', namespace: 'default' });
    expect(metadata?.uid).toMatch(/^[0-9a-f]{32}$/);
    expect(metadata?.annotations).toEqual({
      'kubernetes.io/config.hash': metadata?.uid,
      'kubernetes.io/config.seen': origin.seenAt,
      'kubernetes.io/config.source': 'file',
    });
    expect(spec?.nodeName).toBe('Node-1');
    expect(status).toEqual({ phase: 'Pending' });
  });

  test('a UID of its own is kept', () => expect(render({}, { uid: 'mine' }).metadata?.uid).toBe('mine'));

  test('a namespace and annotations of its own are kept', () =>
    expect(render({}, { namespace: 'kube-system', annotations: { a: 'b' } }).metadata).toMatchObject({
      namespace: 'kube-system',
      annotations: { a: 'b' },
    }));

  test('from a file: nothing evicts it', () => {
    const mine = { key: 'a', operator: 'Exists' };
    expect(render({ tolerations: [mine] }).spec?.tolerations).toEqual([
      mine,
      { operator: 'Exists', effect: 'NoExecute' },
    ]);
    const brief = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 };
    expect(render({ tolerations: [brief, mine] }).spec?.tolerations).toEqual([
      { operator: 'Exists', effect: 'NoExecute' },
      mine,
    ]);
    expect(render({}, {}, { source: 'http' }).spec).not.toHaveProperty('tolerations');
  });
});

describe('the UID', () => {
  const of = (text: string, node = 'n1', place = 'file:/a') => staticUid(parseManifest(text), node, place);
  const text = 'a: 1\nb: {c: 2, d: 3}';

  test('is the published FNV-1a hash', () => {
    expect(fnv128a('')).toBe('6c62272e07bb014262b821756295c58d');
    expect(fnv128a('a')).toBe('d228cb696f1a8caf78912b704e4a8964');
  });

  test.each<[string, string, boolean]>([
    ['the same text', of(text), true],
    ['the same content written otherwise', of('b:\n  d: 3\n  c: 2\na: 1\n# why not'), true],
    ['other content', of('a: 2\nb: {c: 2, d: 3}'), false],
    ['another node', of(text, 'n2'), false],
    ['another place', of(text, 'n1', 'file:/b'), false],
  ])('of %s is the same: %s', (_name, uid, same) => expect(uid === of(text)).toBe(same));
});
