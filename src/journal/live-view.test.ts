import { describe, expect, test } from 'vitest';
import { liveView, podsOf, renderShown } from './live-view.ts';
import type { JournalRecord } from './record.ts';

const synced = (pod: string, ms = 1): JournalRecord => ({ kind: 'pod.synced', pod, uid: 'u', ms, phase: 'Running' });
const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'web', uid: 'u' };
const at = Date.UTC(2026, 10, 23);

test.each<[string, JournalRecord, readonly string[]]>([
  ['by its name', synced('ns/web'), ['ns/web']],
  ['by an object', { kind: 'pod.sandboxChanged', object }, ['ns/web']],
  ['as messages name it', { kind: 'pod.syncFailed', pod: 'web_ns(u)', uid: 'u', error: 'no' }, ['ns/web']],
  ['a node’s record', { kind: 'runtime.relistFailed', error: 'no' }, []],
  [
    'a change of several',
    { kind: 'pod.changed', operation: 'ADD', source: 'api', pods: ['a/a', 'b/b'] },
    ['a/a', 'b/b'],
  ],
])('the pods of a record: %s', (_name, record, expected) => expect(podsOf(record)).toEqual(expected));

describe('liveView', () => {
  const shown = (view: ReturnType<typeof liveView>, pod?: string) =>
    view.recent(pod).map(({ record }) => ('ms' in record ? record.ms : record.kind));

  test('remembers how each pod began and its last records, in order', () => {
    const view = liveView({ perPod: 3, pods: 9 });
    for (const [i, pod] of ['a/a', 'a/a', 'b/b', 'a/a', 'a/a'].entries()) view.reader(synced(pod, i), at);
    expect(shown(view)).toEqual([0, 2, 3, 4]);
    expect(shown(view, 'a/a')).toEqual([0, 3, 4]);
    expect(shown(view, 'c/c')).toEqual([]);
  });

  test('of a pod that had the same name before, the end is remembered', () => {
    const view = liveView({ perPod: 10, pods: 9 });
    const added = { kind: 'pod.changed', operation: 'ADD', source: 'api', pods: ['a/a'] } as const;
    for (let i = 0; i < 10; i += 1) view.reader(synced('a/a', i), at);
    view.reader(added, at);
    for (let i = 10; i < 30; i += 1) view.reader(synced('a/a', i), at);
    expect(shown(view, 'a/a')).toEqual([8, 9, 'pod.changed', 10, 11, 25, 26, 27, 28, 29]);
  });

  test('forgets the pod of which nothing was heard for longest, and never the node', () => {
    const view = liveView({ perPod: 9, pods: 3 });
    view.reader({ kind: 'runtime.relistFailed', error: 'no' }, at);
    for (const [i, pod] of ['a/a', 'b/b', 'a/a', 'c/c'].entries()) view.reader(synced(pod, i), at);
    expect(shown(view)).toEqual(['runtime.relistFailed', 0, 2, 3]);
  });

  test('what is about several pods is remembered with each, and told once', () => {
    const view = liveView({ perPod: 9, pods: 9 });
    view.reader({ kind: 'pod.changed', operation: 'ADD', source: 'api', pods: ['a/a', 'b/b'] }, at);
    expect(shown(view)).toEqual(['pod.changed']);
    expect(shown(view, 'b/b')).toEqual(['pod.changed']);
  });

  test('probes that succeed do not push out how the pod was started', () => {
    const view = liveView({ perPod: 12, pods: 9 });
    view.reader({ kind: 'pod.sandboxChanged', object }, at);
    const outcome = { kind: 'success' } as const;
    const probe = {
      kind: 'probe.attempted',
      probe: 'liveness',
      object,
      container: 'c',
      containerId: 'i',
      outcome,
    } as const;
    for (let ms = 0; ms < 50; ms += 1) view.reader({ ...probe, ms }, at);
    expect(shown(view, 'ns/web')).toEqual(['pod.sandboxChanged', 40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
  });

  test('what tells its pod by the UID alone is found with that pod', () => {
    const view = liveView({ perPod: 9, pods: 9 });
    view.reader({ kind: 'pod.sandboxChanged', object }, at);
    view.reader({ kind: 'volume.unmounted', podUid: 'u', mounts: 2 }, at);
    view.reader({ kind: 'volume.unmounted', podUid: 'stranger', mounts: 2 }, at);
    expect(shown(view, 'ns/web')).toEqual(['pod.sandboxChanged', 'volume.unmounted']);
  });

  test('tells listeners until they leave; questions to the server are not told', () => {
    const view = liveView({ perPod: 1, pods: 1 });
    const heard: string[] = [];
    const stop = view.subscribe((record) => heard.push(renderShown(record)));
    view.reader(
      {
        kind: 'server.answered',
        method: 'GET',
        path: 'pods',
        status: 200,
        serverType: 'readwrite',
        ms: 1,
        inFlight: 0,
      },
      at,
    );
    view.reader(synced('ns/web'), at);
    stop();
    view.reader(synced('ns/web'), at);
    expect(heard.map((line) => JSON.parse(line))).toEqual([
      { at: '2026-11-23T00:00:00.000Z', pod: 'ns/web', kind: 'pod.synced', uid: 'u', ms: 1, phase: 'Running' },
    ]);
  });
});
