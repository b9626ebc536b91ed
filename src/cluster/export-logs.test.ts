import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { fakeEngine } from '../engine/fake.ts';
import type { ContainerEngine } from '../engine/port.ts';
import { exportLogs } from './export-logs.ts';
import { packFiles } from './file-archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'klab-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

async function anEngine(changes: Partial<ContainerEngine> = {}): Promise<ContainerEngine> {
  const engine = fakeEngine({ command: (_node, argv) => `output of ${argv.join(' ')}\n` });
  await engine.runContainer({
    name: 'lab-worker',
    image: 'i',
    kind: 'machine',
    labels: { 'io.x-k8s.klab.cluster': 'lab' },
  });
  return { ...engine, ...changes };
}

const varLog = (files: Record<string, string>): Readable =>
  packFiles(new Map(Object.entries(files).map(([path, text]) => [path, { text, mode: 0o644 }])));

test('the tree that kind’s users know', async () => {
  const engine = await anEngine({
    getArchive: async () => varLog({ 'log/pods/a_b_c/d/0.log': 'a line', 'log/journal/x.journal': 'binary' }),
  });
  expect(await exportLogs({ engine, clock: new FakeClock(), cluster: 'lab', folder })).toBe(folder);
  expect(read('docker-info.txt')).toContain('20.10.24');
  expect(JSON.parse(read('lab-worker/inspect.json'))).toEqual([{ Name: 'lab-worker' }]);
  expect(read('lab-worker/serial.log')).toBe('console of lab-worker\n');
  expect(read('lab-worker/kubernetes-version.txt')).toBe('output of cat /kind/version\n');
  expect(read('lab-worker/kubelet.log')).toContain('-u kubelet.service');
  expect(read('lab-worker/pods/a_b_c/d/0.log')).toBe('a line');
  expect(() => read('lab-worker/journal/x.journal')).toThrow('ENOENT');
});

test('a node that hangs costs its piece, not the others', async () => {
  const clock = new FakeClock();
  const engine = await anEngine({ containerLogs: () => new Promise(() => undefined) });
  const done = exportLogs({ engine, clock, cluster: 'lab', folder });
  while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(20_000);
  await done;
  expect(read('lab-worker/serial.log')).toBe('could not be had: no answer within 20 seconds\n');
  expect(read('lab-worker/images.log')).toBe('output of crictl images\n');
  expect(read('lab-worker/var-log.error.txt')).toContain('could not be had');
});

test('a node’s archive cannot write outside the folder', async () => {
  const engine = await anEngine({ getArchive: async () => varLog({ '../escaped.log': 'x', 'log/fine.log': 'y' }) });
  await exportLogs({ engine, clock: new FakeClock(), cluster: 'lab', folder });
  expect(() => readFileSync(join(folder, '../escaped.log'))).toThrow('ENOENT');
  expect(read('lab-worker/fine.log')).toBe('y');
});

test('a cluster that is not there', async () => {
  const engine = await anEngine();
  await expect(exportLogs({ engine, clock: new FakeClock(), cluster: 'gone', folder })).rejects.toMatchObject({
    code: 'CLUSTER_NOT_FOUND',
    hint: 'there are: lab',
  });
});
