import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { uidOf } from '../pod-facts.ts';
import { aContainer, aPod, deleted } from '../test-builders.ts';
import { classifyChange, classifyChanges } from './changes.ts';

const pod = aPod();
const labelled = aPod({}, { labels: { a: 'b' } });
const running: Pod = { ...pod, status: { phase: 'Running' } };

describe('one pod', () => {
  test.each<[string, Pod | undefined, Pod | undefined, string | undefined]>([
    ['new', undefined, pod, 'ADD'],
    ['the same', pod, aPod(), undefined],
    ['gone', pod, undefined, 'REMOVE'],
    ['never there', undefined, undefined, undefined],
    ['another spec', pod, aPod({ containers: [aContainer('other')] }), 'UPDATE'],
    ['a label', pod, labelled, 'UPDATE'],
    ['an annotation', pod, aPod({}, { annotations: { a: 'b' } }), 'UPDATE'],
    ["the kubelet's own annotation", pod, aPod({}, { annotations: { 'kubernetes.io/config.seen': 'now' } }), undefined],
    ['deletion', pod, deleted(pod), 'DELETE'],
    ['a shorter deletion', deleted(pod, 30), deleted(pod, 5), 'DELETE'],
    ['a label while it is being deleted', deleted(pod), deleted(labelled), 'DELETE'],
    ['a status', pod, running, 'RECONCILE'],
    ['a resource version', pod, aPod({}, { resourceVersion: '7' }), undefined],
  ])('%s', (_name, before, after, operation) => expect(classifyChange(before, after)).toBe(operation));
});

test('a whole list: what goes first, what comes next, each operation once', () => {
  const named = (uid: string, more: Partial<Pod> = {}) => ({ ...aPod({}, { uid, name: uid }), ...more });
  const before = new Map(['gone', 'same', 'updated', 'deleted', 'status'].map((uid) => [uid, named(uid)]));
  const after = [
    named('status', { status: { phase: 'Running' } }),
    deleted(named('deleted')),
    aPod({ hostNetwork: true }, { uid: 'updated', name: 'updated' }),
    named('same'),
    named('new-1'),
    named('new-2'),
  ];
  expect(
    classifyChanges('api', before, after).map(({ operation, source, pods }) => [operation, source, pods.map(uidOf)]),
  ).toEqual([
    ['REMOVE', 'api', ['gone']],
    ['ADD', 'api', ['new-1', 'new-2']],
    ['UPDATE', 'api', ['updated']],
    ['DELETE', 'api', ['deleted']],
    ['RECONCILE', 'api', ['status']],
  ]);
});
