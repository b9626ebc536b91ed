import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { aSeen, aSeenPod, exited } from '../test-builders.ts';
import { containerRemover } from './container-logs.ts';

async function logs(...names: readonly string[]) {
  const root = await mkdtemp(join(tmpdir(), 'logs-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = join(root, 'main');
  const links = join(root, 'links');
  await Promise.all([folder, links].map((path) => mkdir(path)));
  await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
  return { folder, links };
}

test('with a container go its log, the rotated ones and the link, and nobody else’s', async () => {
  const { folder, links } = await logs('1.log', '1.log.20260101-120000', '1.log.20260101-110000.gz', '10.log', '2.log');
  const dead = aSeen('main', exited(1), { id: 'abc', logPath: join(folder, '1.log') });
  await symlink(dead.logPath, join(links, 'web_default_main-abc.log'));
  await symlink(join(folder, '2.log'), join(links, 'web_default_main-def.log'));
  const cri = fakeCri(new FakeClock());
  await containerRemover(cri, links)(aSeenPod([dead]), dead);
  expect(await readdir(folder)).toEqual(['10.log', '2.log']);
  expect(await readdir(links)).toEqual(['web_default_main-def.log']);
  expect(cri.calls).toEqual(['removeContainer abc']);
});

test.each([
  ['without a log', ''],
  ['whose logs are gone', '/nowhere/at/all/0.log'],
])('a container %s goes all the same', async (_name, logPath) => {
  const { links } = await logs();
  const dead = aSeen('main', exited(1), { id: 'abc', logPath });
  const cri = fakeCri(new FakeClock());
  await containerRemover(cri, links)(aSeenPod([dead]), dead);
  expect(cri.calls).toEqual(['removeContainer abc']);
});
