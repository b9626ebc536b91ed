import { expect, test } from 'vitest';
import { fakeApi } from '../../../api/fake.ts';
import type { Clock } from '../../../base/clock.ts';
import { applyServerSide } from '../apply/objects.ts';
import { idOf } from '../installed.ts';
import { readManifest } from '../manifest.ts';
import { apiResources } from '../testing/api-resources.ts';
import { calicoShape } from '../testing/calico-shape.ts';
import { deleteObjects, knownCalicoObjects, union } from './objects.ts';

const objects = readManifest(calicoShape(), 'calico.yaml').parts.map(({ object }) => object);
const { signal } = new AbortController();
const podPath = '/api/v1/namespaces/kube-system/pods/calico-node-x';

/** Time that passes as soon as someone sleeps, and what happens meanwhile. */
function hurriedClock(meanwhile: (now: number) => void = () => undefined): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      meanwhile(now);
    },
  };
}

async function aCluster() {
  const api = fakeApi(apiResources());
  await applyServerSide(objects, [], { api, clock: hurriedClock(), signal });
  return api;
}

const deletions = (api: Awaited<ReturnType<typeof aCluster>>) =>
  api.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path);

test('Calico that came by kubectl is known by its names, with whatever definitions it has', async () => {
  const api = await aCluster();
  const known = await knownCalicoObjects(api, signal);
  expect(union(known, objects.map(idOf))).toHaveLength(known.length);
  expect(await deleteObjects(known, { api, clock: hurriedClock(), signal, detail: () => undefined })).toBe(
    objects.length,
  );
});

test('workloads first, their pods are waited for, definitions last', async () => {
  const api = await aCluster();
  api.put(podPath, {
    kind: 'Pod',
    metadata: { name: 'calico-node-x', namespace: 'kube-system', labels: { 'k8s-app': 'calico-node' } },
  });
  let deletedByThen = 0;
  const clock = hurriedClock((now) => {
    if (now < 1000 || api.at(podPath) === undefined) return;
    deletedByThen = deletions(api).length;
    api.take(podPath);
  });
  await deleteObjects(objects.map(idOf), { api, clock, signal, detail: () => undefined });
  expect(deletedByThen).toBe(2);
  expect(deletions(api).at(-1)).toContain('/customresourcedefinitions/');
  expect(deletions(api)).toHaveLength(objects.length);
});

test('pods that do not end are told and not waited for any longer', async () => {
  const api = await aCluster();
  api.put(podPath, {
    kind: 'Pod',
    metadata: { name: 'calico-node-x', namespace: 'kube-system', labels: { 'k8s-app': 'calico-node' } },
    ...{ spec: { nodeName: 'lab-worker' } },
  });
  const told: string[] = [];
  const detail = (text: string) => void told.push(text);
  await deleteObjects(objects.map(idOf), { api, clock: hurriedClock(), signal, detail });
  expect(told).toEqual(['pod calico-node-x on lab-worker still runs']);
  expect(deletions(api)).toHaveLength(objects.length);
});
