import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FakeEngine, fakeEngine } from '../engine/fake.ts';
import { deleteCluster } from './delete.ts';
import { controlPlaneOf, findNode, listClusters, listNodes } from './list.ts';

async function twoClusters(): Promise<FakeEngine> {
  const engine = fakeEngine();
  const run = (name: string, cluster: string, role: string) =>
    engine.runContainer({
      name,
      image: 'klab/node',
      kind: 'machine',
      network: 'klab',
      ipv4Address: `172.18.0.${engine.containers.size + 2}`,
      labels: { 'io.x-k8s.klab.cluster': cluster, 'io.x-k8s.klab.role': role },
    });
  await run('b-worker', 'b', 'worker');
  await run('b-control-plane', 'b', 'control-plane');
  await run('a-control-plane', 'a', 'control-plane');
  await engine.runContainer({ name: 'registry', image: 'registry', kind: 'plain' });
  return engine;
}

test('clusters and nodes are found by their labels', async () => {
  const engine = await twoClusters();
  expect(await listClusters(engine)).toEqual([
    { name: 'a', nodes: 1 },
    { name: 'b', nodes: 2 },
  ]);
  expect((await listNodes(engine, 'b')).map(({ name }) => name)).toEqual(['b-control-plane', 'b-worker']);
  expect(await listNodes(engine, 'gone')).toEqual([]);
  expect(await findNode(engine, 'b-worker')).toMatchObject({ cluster: 'b', role: 'worker', address: '172.18.0.2' });
  expect((await controlPlaneOf(engine, 'b')).name).toBe('b-control-plane');
});

test('what is not there is answered with what is', async () => {
  const engine = await twoClusters();
  await expect(findNode(engine, 'registry')).rejects.toMatchObject({
    code: 'NODE_NOT_FOUND',
    hint: 'there are: a-control-plane, b-control-plane, b-worker',
  });
  await expect(controlPlaneOf(engine, 'gone')).rejects.toMatchObject({
    code: 'CLUSTER_NOT_FOUND',
    hint: 'there are: a, b',
  });
});

test('deleting a cluster leaves the others alone', async () => {
  const engine = await twoClusters();
  const home = mkdtempSync(join(tmpdir(), 'klab-delete-'));
  const place = { home, cwd: home };
  expect(await deleteCluster(engine, 'b', place)).toEqual({ nodes: ['b-control-plane', 'b-worker'] });
  expect([...engine.containers.keys()]).toEqual(['a-control-plane', 'registry']);
  await expect(deleteCluster(engine, 'b', place)).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
  rmSync(home, { recursive: true });
});
