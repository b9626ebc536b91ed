import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { CriError } from '../../cri/port.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
import { containerRemover } from '../containers/container-logs.ts';
import { garbageCollector } from './index.ts';

async function aCollector(minAgeMs = 0) {
  const folder = await mkdtemp(join(tmpdir(), 'garbage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  const journal = memoryJournal();
  const stop = new AbortController();
  const ended = garbageCollector({
    runtime: cri,
    removeContainer: containerRemover(cri, folder),
    nodeName: 'n1',
    cache: { all: () => [] } as never,
    clock,
    journal,
    isGone: () => true,
    sourcesReady: () => true,
    limits: { perContainer: 1, total: -1, minAgeMs },
    logsRoot: folder,
    logLinks: folder,
  }).run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  return { clock, cri, journal, folder };
}

test('a runtime that does not say what it has is told of once a minute', async () => {
  const { clock, cri, journal } = await aCollector();
  const silent = new CriError('ListContainers', 'unavailable', 'Unavailable', 'connection refused');
  cri.failNext('listContainers', silent);
  cri.failNext('listContainers', silent);
  await clock.advance(59_000);
  expect(journal.records).toEqual([]);
  await clock.advance(1000);
  const error = 'rpc error: code = Unavailable desc = connection refused';
  const told = { kind: 'resource.garbageUnknown', node: 'n1', error };
  expect(journal.records).toMatchObject([told]);
  await clock.advance(60_000);
  expect(journal.records).toMatchObject([told, told]);
  await clock.advance(60_000);
  const collected = () => journal.records.some(({ kind }) => kind === 'resource.garbageCollected');
  while (!collected()) await clock.advance(1);
  expect(journal.records[2]).toMatchObject({ kind: 'resource.garbageCollected', recovered: true });
});

test('a folder of logs that cannot be listed is told of in upstream’s words', async () => {
  const { clock, journal, folder } = await aCollector();
  await rm(folder, { recursive: true });
  await clock.advance(60_000);
  while (journal.records.length === 0) await clock.advance(1);
  const [record] = journal.records;
  expect(record && projectionOf(record).event?.(record)).toMatchObject({
    reason: 'ContainerGCFailed',
    message: `failed to read podLogsDirectory "${folder}": open ${folder}: no such file or directory`,
  });
});

test('an age before now keeps the kubelet from starting', () =>
  expect(aCollector(-60_000)).rejects.toThrow('invalid minimum garbage collection age: -1m0s'));
