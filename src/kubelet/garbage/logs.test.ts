import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { memoryJournal } from '../../journal/journal.ts';
import type { ObservedPod } from '../observed.ts';
import { aSeen, aSeenPod, exited, running } from '../test-builders.ts';
import { collectLogs } from './logs.ts';

async function collector(seen: readonly ObservedPod[], isGone: (uid: string) => boolean = () => true) {
  const root = await mkdtemp(join(tmpdir(), 'garbage-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const logsRoot = join(root, 'pods');
  const logLinks = join(root, 'links');
  await mkdir(logsRoot);
  await mkdir(logLinks);
  const collect = () => collectLogs({ seen: () => seen, isGone, journal: memoryJournal(), logsRoot, logLinks });
  return { logsRoot, logLinks, collect };
}

test('folders of pods that are gone go', async () => {
  const { logsRoot, collect } = await collector([], (uid) => uid !== 'there');
  for (const name of ['default_a_gone', 'default_b_there', 'lost+found']) await mkdir(join(logsRoot, name));
  await collect();
  expect((await readdir(logsRoot)).sort()).toEqual(['default_b_there', 'lost+found']);
});

test('links that lead nowhere go, unless their container’s log is only being rotated', async () => {
  const { logsRoot, logLinks, collect } = await collector([
    aSeenPod([aSeen('main', running, { id: 'abcdef1' }), aSeen('old', exited(0), { id: 'abcdef2' })]),
  ]);
  const log = join(logsRoot, '0.log');
  await writeFile(log, '');
  const links: Record<string, string> = {
    'web_default_main-abcdef1.log': '/nowhere',
    'web_default_old-abcdef2.log': '/nowhere',
    'web_default_gone-abcdef3.log': '/nowhere',
    'web_default_well-abcdef4.log': log,
    'somebody-elses': '/nowhere',
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(logLinks, name));
  await collect();
  expect((await readdir(logLinks)).sort()).toEqual([
    'somebody-elses',
    'web_default_main-abcdef1.log',
    'web_default_well-abcdef4.log',
  ]);
});
