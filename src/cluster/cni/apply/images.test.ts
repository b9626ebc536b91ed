import { describe, expect, test } from 'vitest';
import { fakeEngine } from '../../../engine/fake.ts';
import { decideImages, provideImages, whyNotPulled } from './images.ts';

const node = { image: 'quay.io/calico/node:v1', onEveryNode: true };
const controllers = { image: 'calico/kube-controllers:v1', onEveryNode: false };
const has = (...images: string[]) => new Set(images);

describe('decideImages', () => {
  test.each<[string, Record<string, Set<string>>, Set<string>, string[]]>([
    ['all are there', { a: has(node.image, 'docker.io/calico/kube-controllers:v1') }, has(), []],
    [
      'this machine has them',
      { a: has(), b: has(node.image) },
      has(node.image, controllers.image),
      ['load quay.io/calico/node:v1 a b', 'load calico/kube-controllers:v1 a b'],
    ],
    [
      'nobody has them: every node pulls what it runs, one node what one of them will',
      { a: has(), b: has() },
      has(),
      ['pull quay.io/calico/node:v1 a b', 'pull calico/kube-controllers:v1 a'],
    ],
    [
      'one node has what one of them will run',
      { a: has(node.image), b: has(node.image, 'docker.io/calico/kube-controllers:v1') },
      has(),
      [],
    ],
  ])('%s', (_name, onNodes, onHost, actions) => {
    const decided = decideImages([node, controllers], new Map(Object.entries(onNodes)), onHost);
    expect(decided.map(({ kind, image, nodes }) => [kind, image, ...nodes].join(' '))).toEqual(actions);
  });
});

test('an image that cannot be pulled: which, on which node, why, and what to type', async () => {
  const engine = fakeEngine({
    command: (name, argv) => {
      if (argv[1] === 'images') return '{"images":[]}';
      if (name === 'lab-worker')
        return { exitCode: 1, stderr: 'error: failed to pull: lookup quay.io: no such host\n' };
      return undefined;
    },
  });
  for (const name of ['lab-control-plane', 'lab-worker'])
    await engine.runContainer({ name, image: 'x', kind: 'machine' });
  const provided = provideImages([node], {
    engine,
    cluster: 'lab',
    nodes: ['lab-control-plane', 'lab-worker'],
    signal: new AbortController().signal,
    detail: () => undefined,
  });
  await expect(provided).rejects.toMatchObject({
    code: 'CNI_IMAGE_NOT_PULLED',
    message: 'node lab-worker cannot pull quay.io/calico/node:v1: lookup quay.io: no such host',
    hint: expect.stringContaining('klab load docker-image quay.io/calico/node:v1 --name lab'),
  });
});

test.each([
  [
    'an unknown host',
    'error: rpc error: code = Unknown desc = failed to pull and unpack image "quay.io/calico/node:v1": failed to resolve reference "quay.io/calico/node:v1": failed to do request: Head "https://quay.io/v2/calico/node/manifests/v1": dial tcp: lookup quay.io on 172.18.0.1:53: no such host',
    'dial tcp: lookup quay.io on 172.18.0.1:53: no such host',
  ],
  [
    'no such image',
    'failed to pull and unpack image "quay.io/a:v1": failed to resolve reference "quay.io/a:v1": quay.io/a:v1: not found',
    'not found',
  ],
  ['nothing', '\n', 'it did not say why'],
  ['something else', 'the disk is full\n', 'the disk is full'],
])('why it was not pulled: %s', (_name, output, why) => {
  expect(whyNotPulled(output)).toBe(why);
});
