import { describe, expect, test } from 'vitest';
import { describeObject, imagesOf, readManifest } from './manifest.ts';
import { calicoShape } from './testing/calico-shape.ts';

const objects = (text: string) => readManifest(text, 'm.yaml').parts.map(({ object }) => object);

describe('readManifest', () => {
  test('documents in their order, empty ones left out', () => {
    const text = '---\n# nothing\n---\nkind: A\napiVersion: v1\nmetadata: {name: a, namespace: n}\n---\n';
    expect(objects(text).map(describeObject)).toEqual(['A n/a']);
  });

  test.each([
    ['empty', '# nothing\n', /it is empty/],
    ['no YAML', 'kind: {', /is no manifest: .* line 1/],
    ['a page of HTML', '<html><body>404</body></html>', /a document has no valid fields/],
    ['no name', 'kind: Pod\napiVersion: v1\nmetadata: {}\n', /its Pod has no valid metadata.name/],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', /no valid kind/],
  ])('%s', (_name, text, message) => {
    expect(() => readManifest(text, 'm.yaml')).toThrow(
      expect.objectContaining({ code: 'CNI_MANIFEST_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

test('images, each once, those that every node needs first', () => {
  expect(imagesOf([...objects(calicoShape())].reverse())).toEqual([
    { image: 'quay.io/calico/cni:v3.33.1', onEveryNode: true },
    { image: 'quay.io/calico/node:v3.33.1', onEveryNode: true },
    { image: 'quay.io/calico/kube-controllers:v3.33.1', onEveryNode: false },
  ]);
});
