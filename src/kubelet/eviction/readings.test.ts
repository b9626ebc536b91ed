import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FilesystemUsage } from '../../cri/generated/api.ts';
import { nodeReadings } from './readings.ts';
import type { Signal } from './signals.ts';

const rootDir = mkdtempSync(join(tmpdir(), 'kubelet-readings-'));
afterAll(() => rmSync(rootDir, { recursive: true }));

/** A folder that lies on another file system than temporary files, on every Linux. */
const elsewhere = '/proc';

function aNode({ images, containers = images }: { images?: string; containers?: string }) {
  const usage = (mountpoint: string | undefined) =>
    mountpoint === undefined ? [] : [FilesystemUsage.fromPartial({ fsId: { mountpoint } })];
  let asked = 0;
  const readings = nodeReadings({
    images: {
      imageFsInfo: async () => {
        asked += 1;
        return { images: usage(images), containers: usage(containers) };
      },
    },
    rootDir,
    memoryBytes: 2 ** 50,
    pods: { cgroup: '/no/such/cgroup', memoryBytes: 2 ** 30 },
  });
  return { readings, asked: () => asked };
}

test.each([
  ['one file system for everything', { images: rootDir }, 'shared'],
  ['a runtime that does not say where images are', {}, 'shared'],
  ['images and containers on another', { images: elsewhere }, 'imagesAndContainers'],
  ['only images on another', { images: elsewhere, containers: rootDir }, 'imagesOnly'],
] as const)('layout: %s', async (_name, places, layout) => {
  const { readings, asked } = aNode(places);
  expect(await readings.layout()).toBe(layout);
  await readings.layout();
  expect(asked()).toBe(1);
});

test('only what is asked for is read', async () => {
  const { readings } = aNode({ images: rootDir });
  const wanted: Signal[] = ['nodefs.available', 'containerfs.inodesFree', 'pid.available'];
  const seen = await readings.read(new Set(wanted));
  expect([...seen.keys()].sort()).toEqual([...wanted].sort());
  expect(seen.get('nodefs.available')?.capacity).toBeGreaterThan(0);
  const pids = seen.get('pid.available');
  expect(pids?.available).toBeLessThan(pids?.capacity ?? 0);
});

test('memory is the capacity without what is in use; a cgroup that is not there uses nothing', async () => {
  const { readings } = aNode({});
  const seen = await readings.read(new Set<Signal>(['memory.available', 'allocatableMemory.available']));
  expect(seen.get('memory.available')?.capacity).toBe(2 ** 50);
  expect(seen.get('memory.available')?.available).toBeLessThan(2 ** 50);
  expect(seen.get('allocatableMemory.available')).toEqual({ available: 2 ** 30, capacity: 2 ** 30 });
});
