import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { volumeNameOf, volumeUsages } from './volume-usage.ts';

let root: string;
const csiFolder = () => join(root, 'pods/u1/volumes/kubernetes.io~csi/pv-1');

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'volume-usage-'));
  await mkdir(join(csiFolder(), 'mount'), { recursive: true });
  await mkdir(join(root, 'pods/u1/volumes/kubernetes.io~empty-dir/scratch'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const fileSystem = { capacityBytes: 10, availableBytes: 6, inodes: 8, inodesFree: 5 };
const told = { usedBytes: 4, inodesUsed: 3, fileSystem };

it.each([
  ['shown by the pod’s name, as the driver tells', () => Promise.resolve(told), [{ name: 'data', ...told }]],
  ['left out when the driver cannot tell', () => Promise.resolve(undefined), []],
  ['left out when the driver fails', () => Promise.reject(new Error('no')), []],
])('a driver’s volume is %s', async (_, drivenUsage, expected) => {
  const mounted = new Map([['data', { hostPath: join(csiFolder(), 'mount') }]]);
  const measure = volumeUsages(root, new FakeClock(), undefined, { mountedOf: () => mounted, drivenUsage });
  const volumes = (await measure(['u1'])).get('u1') ?? [];
  expect(volumes.filter(({ name }) => name !== 'scratch')).toMatchObject(expected);
  expect(volumes.map(({ name }) => name)).toContain('scratch');
});

it.each([
  ['its own mount', '/v/pv-1', 'data'],
  ['a mount inside', '/v/pv-2', 'other'],
  ['a longer name', '/v/pv', 'pv'],
  ['nothing mounted', '/v/left-over', 'left-over'],
])('a folder with %s is named', (_, folder, name) => {
  const mounted = new Map([
    ['data', { hostPath: '/v/pv-1' }],
    ['other', { hostPath: '/v/pv-2/mount' }],
  ]);
  expect(volumeNameOf(folder, mounted)).toBe(name);
});
