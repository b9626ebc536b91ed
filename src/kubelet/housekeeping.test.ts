import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { memoryJournal, projectionOf } from '../journal/journal.ts';
import { podHousekeeping } from './housekeeping.ts';
import { aPod, aSandbox, aSeenPod } from './test-builders.ts';
import type { WorkerPhase } from './workers/index.ts';

interface Given {
  /** Pods that a source has. */
  readonly wanted?: readonly string[];
  readonly phases?: Readonly<Record<string, WorkerPhase>>;
  /** Pods with a sandbox that is up. */
  readonly up?: readonly string[];
  readonly stuck?: readonly string[];
}

async function housekeep(folders: readonly string[], { wanted = [], phases = {}, up = [], stuck = [] }: Given) {
  const rootDir = await mkdtemp(join(tmpdir(), 'kubelet-'));
  onTestFinished(() => rm(rootDir, { recursive: true }));
  for (const uid of folders) {
    await mkdir(join(rootDir, 'pods', uid, 'containers'), { recursive: true });
    await writeFile(join(rootDir, 'pods', uid, 'etc-hosts'), '');
  }
  const journal = memoryJournal();
  await podHousekeeping({
    journal,
    rootDir,
    catalog: { byUid: (uid) => (wanted.includes(uid) ? aPod({}, { uid }) : undefined) },
    workers: { uids: () => Object.keys(phases), phaseOf: (uid) => phases[uid] },
    cache: {
      all: () => [],
      get: (uid) => aSeenPod([], { uid, sandboxes: [aSandbox({ ready: up.includes(uid) })] }),
    },
    volumes: {
      unmount: async (uid) => {
        if (stuck.includes(uid)) throw new Error(`orphaned pod "${uid}" found, but volumes are still mounted: /v`);
      },
    },
    cgroups: { removeOrphans: async () => {} },
    allocations: { keepOnly: () => {} },
    releaseDevices: () => {},
    removeOrphanMirrors: async () => {},
  })();
  const lines = journal.records
    .flatMap((record) => projectionOf(record).log?.(record) ?? [])
    .map(({ severity, level, message }) => `${severity}${level} ${message}`);
  return { left: (await readdir(join(rootDir, 'pods'))).sort(), lines };
}

test.each<[string, Given, boolean]>([
  ['that no source has', {}, false],
  ['that has ended, and whose object is still there', { wanted: ['a'], phases: { a: 'finished' } }, true],
  ['that was refused', { wanted: ['a'] }, true],
  ['that is being stopped', { phases: { a: 'terminating' } }, true],
  ['whose volumes are being taken down', { phases: { a: 'terminated' } }, true],
  ['that is through, and gone from its source', { phases: { a: 'finished' } }, false],
  ['that no source has and that is still up', { up: ['a'] }, true],
])('the folder of a pod %s', async (_name, given, stays) =>
  expect((await housekeep(['a'], given)).left).toEqual(stays ? ['a'] : []),
);

test('where something is still mounted nothing is removed, which is told once a round', async () => {
  const { left, lines } = await housekeep(['a', 'b', 'c'], { stuck: ['a', 'b'] });
  expect(left).toEqual(['a', 'b']);
  expect(lines).toEqual([
    'I3 Orphaned pod found, removing',
    'E0 There were many similar errors. Turn up verbosity to see them.',
    'I5 Orphan pod',
    'I5 Orphan pod',
  ]);
});
