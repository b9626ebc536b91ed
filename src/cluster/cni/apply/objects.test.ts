import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../api/errors.ts';
import { type FakeApi, fakeApi } from '../../../api/fake.ts';
import { FakeClock } from '../../../base/clock.ts';
import { fakeEngine } from '../../../engine/fake.ts';
import { type ManifestObject, readManifest } from '../manifest.ts';
import { apiResources } from '../testing/api-resources.ts';
import { calicoShape } from '../testing/calico-shape.ts';
import { type AppliedObject, applyServerSide, inWaves } from './objects.ts';
import { takeBack } from './take-back.ts';

const objects = readManifest(calicoShape(), 'calico.yaml').parts.map(({ object }) => object);
const pathOfNode = '/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node';

const anObject = (kind: string, apiVersion = 'v1'): ManifestObject => ({ kind, apiVersion, metadata: { name: 'a' } });

async function apply(api: FakeApi, some: readonly ManifestObject[] = objects) {
  const applied: AppliedObject[] = [];
  const done = applyServerSide(some, applied, { api, clock: new FakeClock(), signal: new AbortController().signal });
  return { applied, error: await done.then(() => undefined).catch((error: unknown) => error) };
}

test('definitions first, workloads last', () => {
  const waves = inWaves([
    anObject('DaemonSet', 'apps/v1'),
    anObject('IPPool', 'crd.projectcalico.org/v1'),
    anObject('ClusterRole', 'rbac.authorization.k8s.io/v1'),
    anObject('CustomResourceDefinition', 'apiextensions.k8s.io/v1'),
    anObject('ServiceAccount'),
  ]);
  expect(waves.map((wave) => wave.map(({ kind }) => kind))).toEqual([
    ['CustomResourceDefinition'],
    ['ClusterRole', 'ServiceAccount'],
    ['IPPool'],
    ['DaemonSet'],
  ]);
});

describe('applyServerSide', () => {
  test('every object, signed by klab, without status', async () => {
    const api = fakeApi(apiResources());
    const { applied, error } = await apply(api);
    expect(error).toBeUndefined();
    expect(applied).toHaveLength(objects.length);
    const patches = api.requests.filter(({ method }) => method === 'PATCH');
    expect(new Set(patches.map(({ patchType }) => patchType))).toEqual(new Set(['apply']));
    expect(patches.some(({ body }) => 'status' in Object(body))).toBe(false);
    expect(api.at(pathOfNode)).toBeDefined();
    expect(patches.at(-1)?.path).toMatch(/daemonsets|deployments/);
  });

  test('an object of a kind that was defined a moment ago is tried again', async () => {
    const api = fakeApi(apiResources());
    const pool = anObject('IPPool', 'crd.projectcalico.org/v1');
    const clock = new FakeClock();
    const applied: AppliedObject[] = [];
    const done = applyServerSide([pool], applied, { api, clock, signal: new AbortController().signal });
    await clock.advance(50);
    api.put('/apis/crd.projectcalico.org/v1', resourceList('ippools', 'IPPool'));
    await clock.advance(5000);
    await done;
    expect(applied.map(({ path }) => path)).toEqual(['/apis/crd.projectcalico.org/v1/ippools/a']);
  });

  test('what the API server refuses is named, and the rest can be taken back', async () => {
    const api = fakeApi(apiResources());
    const other = '/api/v1/namespaces/kube-system/configmaps/calico-config';
    api.put(other, { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'calico-config' } });
    const before = Object.keys(Object(api.at(other)));
    api.failNext(`PATCH ${pathOfNode}`, new ApiError(422, 'Invalid', 'spec is wrong'));
    const { applied, error } = await apply(api);
    expect(error).toMatchObject({
      code: 'APPLY_FAILED',
      message: 'the API server refused DaemonSet kube-system/calico-node: spec is wrong',
    });
    const engine = fakeEngine();
    expect(await takeBack('calico', applied, { engine, api, clock: new FakeClock(), nodes: [] })).toEqual([]);
    expect(api.at('/api/v1/namespaces/kube-system/serviceaccounts/calico-node')).toBeUndefined();
    expect(Object.keys(Object(api.at(other)))).toEqual(before);
  });
});

const resourceList = (name: string, kind: string) => ({
  kind: 'APIResourceList',
  resources: [{ name, kind, namespaced: false }],
});
