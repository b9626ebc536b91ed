import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { fakeApi } from '../../api/fake.ts';
import type { ApiObject } from '../../api/port.ts';
import type { Node, Pod } from '../../api/types.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
import { aPod, deleted } from '../test-builders.ts';
import type { WorkerPhase } from '../workers/index.ts';
import { mirrorPods, renderMirrorPod } from './mirror-pods.ts';

const hashed = (hash: string): Pod =>
  aPod(
    {},
    {
      name: 'etcd-n1',
      namespace: 'kube-system',
      uid: hash,
      labels: { tier: 'control-plane' },
      annotations: { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.source': 'file' },
    },
  );
const node: Node = { metadata: { name: 'n1', uid: 'node-uid' } };
const path = '/api/v1/namespaces/kube-system/pods/etcd-n1';

function setUp(mirror: Pod | undefined, owner: Node | undefined = node, phase?: WorkerPhase) {
  const api = fakeApi(mirror === undefined ? {} : { [path]: mirror as ApiObject });
  const journal = memoryJournal();
  const mirrors = mirrorPods({
    api,
    journal,
    nodeName: 'n1',
    node: () => owner,
    mirrorOf: () => api.at(path) as Pod | undefined,
    orphans: () => [api.at(path) as Pod],
    phaseOf: () => phase,
  });
  return { api, journal, mirrors, verbs: () => api.requests.map(({ method }) => method) };
}

test('a mirror is the static pod, owned by the node, marked with its hash, and without a status', () =>
  expect(renderMirrorPod({ ...hashed('h1'), status: { phase: 'Pending' } }, node)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'etcd-n1',
      namespace: 'kube-system',
      labels: { tier: 'control-plane' },
      annotations: {
        'kubernetes.io/config.hash': 'h1',
        'kubernetes.io/config.source': 'file',
        'kubernetes.io/config.mirror': 'h1',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid', controller: true }],
    },
    spec: hashed('h1').spec,
  }));

const gone = { ...node, metadata: { ...node.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
const mirrorFor = (hash: string) => renderMirrorPod(hashed(hash), node);

describe('what the API is asked', () => {
  test.each<[string, Pod | undefined, Node | undefined, readonly string[]]>([
    ['no mirror: it is made', undefined, node, ['POST']],
    ['the right mirror: nothing', mirrorFor('h1'), node, []],
    ['one of an earlier manifest: removed and made', mirrorFor('h0'), node, ['DELETE', 'POST']],
    ['one that is being deleted: removed and made', deleted(mirrorFor('h1')), node, ['DELETE', 'POST']],
    ['a node that is going: nothing', undefined, gone, []],
  ])('%s', async (_name, mirror, owner, verbs) => {
    const run = setUp(mirror, owner);
    await run.mirrors.reconcile(hashed('h1'));
    expect(run.verbs()).toEqual(verbs);
  });

  test('before the node is registered: nothing, which is told', async () => {
    const run = setUp(undefined);
    const { api, journal } = run;
    const unowned = { api, journal, nodeName: 'n1', orphans: () => [], phaseOf: () => undefined };
    await mirrorPods({ ...unowned, node: () => undefined, mirrorOf: () => undefined }).reconcile(hashed('h1'));
    expect(api.requests).toEqual([]);
    expect(journal.records).toMatchObject([{ kind: 'source.mirrorOwnerless', node: 'n1', known: false }]);
  });

  test('a mirror that is removed for another is told of before and after', async () => {
    const run = setUp(mirrorFor('h0'));
    await run.mirrors.reconcile(hashed('h1'));
    const lines = run.journal.records.flatMap((record) => projectionOf(record).log?.(record) ?? []);
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      '0 Trying to delete pod',
      '2 Deleting a mirror pod',
      "0 Deleted mirror pod as it didn't match the static Pod",
      '0 Creating a mirror pod for static pod',
    ]);
  });

  test.each<[WorkerPhase | undefined, readonly string[]]>([
    [undefined, ['DELETE']],
    ['syncing', []],
    ['terminating', []],
    ['terminated', ['DELETE']],
    ['finished', ['DELETE']],
  ])('an orphan whose static pod is %s', async (phase, verbs) => {
    const run = setUp(mirrorFor('h1'), node, phase);
    await run.mirrors.removeOrphans();
    expect(run.verbs()).toEqual(verbs);
  });

  test('removal is at once, and of this very object', async () => {
    const run = setUp(mirrorFor('h0'));
    const mirror = run.api.at(path) as Pod;
    await run.mirrors.removeOrphans();
    expect(run.api.requests).toEqual([
      {
        method: 'DELETE',
        path,
        body: { gracePeriodSeconds: 0, preconditions: { uid: mirror.metadata?.uid } },
      },
    ]);
  });
});

describe('when the API says no', () => {
  test.each([
    ['POST', new ApiError(403, 'Forbidden', 'an admission plugin refuses it'), 'create'],
    ['DELETE', new ApiError(0, 'Unreachable', 'refused'), 'delete'],
  ] as const)('%s: it is told, and the pod goes on', async (verb, error, action) => {
    const run = setUp(verb === 'DELETE' ? mirrorFor('h0') : undefined);
    run.api.failNext(verb, error);
    await run.mirrors.reconcile(hashed('h1'));
    expect(run.journal.records).toContainEqual({
      kind: 'source.mirrorFailed',
      pod: 'kube-system/etcd-n1',
      action,
      reason: error.message,
    });
  });

  test.each([
    ['POST', new ApiError(409, 'AlreadyExists', 'exists')],
    ['DELETE', new ApiError(404, 'NotFound', 'gone')],
    ['DELETE', new ApiError(409, 'Conflict', 'another uid')],
  ] as const)('%s answered by %s is as good as done', async (verb, error) => {
    const run = setUp(verb === 'DELETE' ? mirrorFor('h0') : undefined);
    run.api.failNext(verb, error);
    await run.mirrors.reconcile(hashed('h1'));
    expect(run.journal.records.filter(({ kind }) => kind === 'source.mirrorFailed')).toEqual([]);
  });

  test('a name that stays another’s is told of once', async () => {
    const run = setUp(undefined);
    for (let i = 0; i < 8; i += 1) {
      run.api.failNext('POST', new ApiError(409, 'AlreadyExists', 'pods "etcd-n1" already exists'));
      await run.mirrors.reconcile(hashed('h1'));
    }
    expect(run.journal.records).toMatchObject([
      { kind: 'source.mirrorFailed', action: 'create', reason: 'pods "etcd-n1" already exists' },
    ]);
  });
});
