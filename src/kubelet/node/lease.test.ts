import { expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { fakeApi } from '../../api/fake.ts';
import type { Lease } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { nodeLease, renderLease } from './lease.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1';
const node = { metadata: { name: 'n1', uid: 'node-uid' } };

function start(known: typeof node | undefined = node) {
  const api = fakeApi();
  const clock = new FakeClock();
  const journal = memoryJournal();
  const stop = new AbortController();
  const lease = nodeLease({ api, clock, journal, nodeName: 'n1', durationSeconds: 40, node: () => known });
  const done = lease.run(stop.signal);
  return {
    api,
    clock,
    journal,
    stored: () => api.at(path) as Lease | undefined,
    end: () => {
      stop.abort();
      return done;
    },
  };
}

test('a lease names its holder and belongs to the node', () =>
  expect(renderLease(undefined, { nodeName: 'n1', durationSeconds: 40, node, now: Date.UTC(2026, 0, 1) })).toEqual({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'n1',
      namespace: 'kube-node-lease',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid' }],
    },
    spec: { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' },
  }));

test('without a node there is no owner yet', () =>
  expect(
    renderLease(undefined, { nodeName: 'n1', durationSeconds: 40, node: undefined, now: 0 }).metadata,
  ).not.toHaveProperty('ownerReferences'));

test('is made once and renewed about every ten seconds', async () => {
  const { api, clock, stored, end } = start();
  await clock.advance(0);
  const first = stored()?.spec?.renewTime;
  await clock.advance(30_000);
  await end();
  expect(api.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  const renewals = api.requests.filter(({ method }) => method === 'PUT').length;
  expect(renewals).toBeGreaterThanOrEqual(3);
  expect(renewals).toBeLessThanOrEqual(4);
  expect(stored()?.spec?.renewTime).not.toBe(first);
});

test('is read again after a conflict, in the same round', async () => {
  const { api, clock, end } = start();
  await clock.advance(0);
  api.failNext(`PUT ${path}`, new ApiError(409, 'Conflict', 'the object has been modified'));
  const gets = () => api.requests.filter(({ method }) => method === 'GET').length;
  const before = gets();
  await clock.advance(11_000);
  await end();
  expect(gets()).toBe(before + 1);
  expect(api.requests.at(-1)?.method).toBe('PUT');
});

test('is made again when someone deleted it', async () => {
  const { api, clock, stored, end } = start();
  await clock.advance(0);
  api.take(path);
  await clock.advance(11_000);
  await end();
  expect(stored()).toBeDefined();
});

test('an API server that is away is told of, and tried again', async () => {
  const api = fakeApi();
  const clock = new FakeClock();
  const journal = memoryJournal();
  const stop = new AbortController();
  api.failNext(`GET ${path}`, new ApiError(0, 'Unreachable', 'connection refused'));
  const done = nodeLease({ api, clock, journal, nodeName: 'n1', durationSeconds: 40, node: () => node }).run(
    stop.signal,
  );
  await clock.advance(0);
  expect(journal.records).toEqual([{ kind: 'node.leaseFailed', reason: 'connection refused' }]);
  await clock.advance(200);
  expect(api.at(path)).toBeDefined();
  stop.abort();
  await done;
});
