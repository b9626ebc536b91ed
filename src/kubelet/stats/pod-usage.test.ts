import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { PodSandboxStats } from '../../cri/generated/api.ts';
import { aSandbox, aSeen, aSeenPod, running } from '../test-builders.ts';
import { parseMachineMemory } from './node-usage.ts';
import { podUsages } from './pod-usage.ts';

const rootDir = mkdtempSync(join(tmpdir(), 'kubelet-usage-'));
afterAll(() => rmSync(rootDir, { recursive: true }));

const file = (path: string, bytes: number): string => {
  const full = join(rootDir, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, Buffer.alloc(bytes, 'x'));
  return full;
};

test('memory, layers, logs and volumes of the pods that were asked for and run', async () => {
  const clock = new FakeClock();
  const logPath = file('logs/main/0.log', 8192);
  const big = 16 * 4096;
  file('pods/uid-1/volumes/kubernetes.io~empty-dir/cache/data', big);
  const stats = (uid: string) =>
    PodSandboxStats.fromPartial({
      attributes: { metadata: { uid } },
      linux: {
        memory: { workingSetBytes: { value: 500n } },
        process: { processCount: { value: 3n } },
        containers: [
          {
            attributes: { id: 'main-0', metadata: { name: 'main' } },
            memory: { workingSetBytes: { value: 400n } },
            writableLayer: { usedBytes: { value: 100n }, inodesUsed: { value: 2n } },
          },
        ],
      },
    });
  const seen = new Map([
    ['uid-1', aSeenPod([aSeen('main', running, { logPath })])],
    ['ended', aSeenPod([], { uid: 'ended', sandboxes: [aSandbox({ ready: false })] })],
    ['other', aSeenPod([], { uid: 'other' })],
  ]);
  const usageOf = podUsages({
    runtime: { listPodSandboxStats: async () => ['uid-1', 'ended', 'other'].map(stats) },
    cache: { get: (uid) => seen.get(uid) },
    rootDir,
    clock,
  });
  const usage = await usageOf(['uid-1', 'ended']);
  expect([...usage.keys()]).toEqual(['uid-1']);
  const pod = usage.get('uid-1');
  expect(pod).toMatchObject({ memoryBytes: 500, processes: 3 });
  expect(pod?.containers).toMatchObject([
    { name: 'main', memoryBytes: 400, layerBytes: 100, layerInodes: 2, logInodes: 2 },
  ]);
  expect(pod?.containers[0]?.logBytes).toBeGreaterThanOrEqual(8192);
  const [volume] = pod?.volumes ?? [];
  expect(volume).toMatchObject({ name: 'cache', inodes: 2 });
  expect(volume?.bytes).toBeGreaterThanOrEqual(big);

  // Quickly measured, a volume is looked at again soon.
  file('pods/uid-1/volumes/kubernetes.io~empty-dir/cache/more', big);
  await clock.advance(4000);
  expect((await usageOf(['uid-1'])).get('uid-1')?.volumes[0]?.inodes).toBe(2);
  await clock.advance(1000);
  expect((await usageOf(['uid-1'])).get('uid-1')?.volumes[0]?.inodes).toBe(3);
});

test('the machine’s memory where the root of the cgroups has no account of it', () => {
  const meminfo = 'MemTotal:       1000 kB\nMemFree:         300 kB\nMemAvailable:    600 kB\n';
  expect(parseMachineMemory(meminfo, 'anon 5\ninactive_file 2048\n')).toEqual({ usage: 700 * 1024, inactive: 2048 });
});
