import { describe, expect, test } from 'vitest';
import { ApiError } from '../api/errors.ts';
import { fakeApi } from '../api/fake.ts';
import type { ApiObject } from '../api/port.ts';
import { FakeClock } from '../base/clock.ts';
import { applyObjects, collectionPath } from './apply.ts';

test.each<[ApiObject, string]>([
  [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }, '/api/v1/namespaces'],
  [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'a' } }, '/api/v1/namespaces/a/configmaps'],
  [{ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace: 'a' } }, '/apis/apps/v1/namespaces/a/daemonsets'],
  [{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' }, '/apis/storage.k8s.io/v1/storageclasses'],
])('%j is created in %s', (object, expected) => expect(collectionPath(object)).toBe(expected));

describe('applyObjects', () => {
  const account: ApiObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'x', namespace: 'kube-system' },
  };
  const path = '/api/v1/namespaces/kube-system/serviceaccounts';
  const { signal } = new AbortController();

  test('one that exists already is left as it is', async () => {
    const api = fakeApi({ [`${path}/x`]: { ...account, metadata: { ...account.metadata, labels: { mine: 'yes' } } } });
    await applyObjects(api, [account], new FakeClock(), signal);
    expect(api.at(`${path}/x`)?.metadata?.labels).toEqual({ mine: 'yes' });
  });

  test('a namespace that is not there yet is waited for', async () => {
    const api = fakeApi();
    const clock = new FakeClock();
    api.failNext(`POST ${path}`, new ApiError(404, 'NotFound', 'namespaces "kube-system" not found'));
    const applied = applyObjects(api, [account], clock, signal);
    await clock.advance(1000);
    await applied;
    expect(api.at(`${path}/x`)).toBeDefined();
  });

  test('a refusal names the object', async () => {
    const api = fakeApi();
    api.failNext(`POST ${path}`, new ApiError(422, 'Invalid', 'metadata.name: Invalid value'));
    await expect(applyObjects(api, [account], new FakeClock(), signal)).rejects.toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringContaining('ServiceAccount kube-system/x'),
    });
  });
});
