import { expect, test } from 'vitest';
import type { PodSandboxConfig } from '../../cri/port.ts';
import { StartFailure } from '../containers/errors.ts';
import type { MountedVolumes } from '../parts.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { missingImages, pullImageVolumes, withImages } from './image-volumes.ts';

const folder = { hostPath: '/v', readOnly: false };
const imageVolume = (reference: string) => ({
  hostPath: '',
  readOnly: true,
  image: { reference, pullPolicy: 'IfNotPresent' },
});
const volumes: MountedVolumes = new Map([
  ['folder', folder],
  ['good', imageVolume('busybox:1')],
  ['bad', imageVolume('no:1')],
]);
const failure = new StartFailure('ErrImagePull', 'no:1 not found');

const pull = () =>
  pullImageVolumes(
    aPod(),
    volumes,
    {
      ensureForVolume: async (_pod, { reference }) => {
        if (reference === 'no:1') throw failure;
        return `sha256:${reference}`;
      },
    },
    {} as PodSandboxConfig,
    new AbortController().signal,
  );

test('each image is asked for once, and what is missing is kept with its reason', async () => {
  expect([...(await pull())]).toEqual([
    ['good', 'sha256:busybox:1'],
    ['bad', failure],
  ]);
});

test.each([
  ['mounts none', [], []],
  ['mounts what is there', ['folder', 'good'], []],
  ['mounts one that is missing', ['good', 'bad'], [failure]],
])('a container that %s', async (_name, names, wanted) => {
  const volumeMounts = names.map((name) => ({ name, mountPath: `/${name}` }));
  expect(missingImages(aContainer('main', { volumeMounts }), await pull())).toEqual(wanted);
});

test('mounts get the images’ IDs', async () => {
  const found = withImages(volumes, await pull());
  expect(found.get('folder')).toBe(folder);
  expect(found.get('good')?.image?.id).toBe('sha256:busybox:1');
  expect(found.get('bad')?.image?.id).toBeUndefined();
});
