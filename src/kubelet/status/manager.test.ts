import { expect, test } from 'vitest';
import type { Pod, PodStatus } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import type { PodCatalog } from '../parts.ts';
import { aPod, deleted } from '../test-builders.ts';
import { createStatusManager } from './manager.ts';

/** An API that knows one pod, and what was asked of it. */
function aServer(pod: Pod) {
  const requests: string[] = [];
  const bodies: unknown[] = [];
  let object = pod;
  const refuse = () => Promise.reject(new Error('not expected'));
  const api = {
    get: refuse,
    list: refuse,
    create: refuse,
    replace: refuse,
    raw: refuse,
    watch: () => {
      throw new Error('not expected');
    },
    closeConnections() {},
    async patch<T>(path: string, _type: string, body: unknown): Promise<T> {
      requests.push(`patch ${path}`);
      bodies.push(body);
      const { status } = body as { status: PodStatus };
      object = { ...object, status: { ...object.status, ...status } };
      return object as T;
    },
    async delete(path: string) {
      requests.push(`delete ${path}`);
    },
  };
  return { api, requests, bodies, set: (next: Pod) => (object = next), get: () => object };
}

function aManager(pod: Pod, couldRun = false) {
  const clock = new FakeClock();
  const server = aServer(pod);
  const journal = memoryJournal();
  let mirror: Pod | undefined;
  const catalog: PodCatalog = {
    pods: () => [server.get()],
    byUid: (uid) => (uid === pod.metadata?.uid ? server.get() : undefined),
    byFullName: () => undefined,
    mirrorOf: () => mirror,
    translateUid: (uid) => uid,
  };
  const couldHaveRunningContainers = () => couldRun;
  const manager = createStatusManager({ api: server.api, clock, journal, catalog, couldHaveRunningContainers });
  return { clock, server, journal, manager, setMirror: (next: Pod) => (mirror = next) };
}

const running: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const path = '/api/v1/namespaces/default/pods/web';

test('a status goes to the API once, with the pod’s UID', async () => {
  const { manager, server, clock } = aManager(aPod());
  manager.set(aPod(), running);
  manager.set(aPod(), running);
  await clock.advance(0);
  expect(server.requests).toEqual([`patch ${path}/status`]);
  expect(server.bodies[0]).toMatchObject({ metadata: { uid: 'uid-1' }, status: { phase: 'Running' } });
});

test('a pod that starts quickly is told of once', async () => {
  const { manager, server, clock } = aManager(aPod());
  manager.set(aPod(), { phase: 'Pending', hostIP: '172.18.0.3' });
  await clock.advance(200);
  manager.set(aPod(), { phase: 'Pending', hostIP: '172.18.0.3', podIP: '10.244.1.2' });
  await clock.advance(200);
  expect(server.requests).toEqual([]);
  manager.set(aPod(), { ...running, hostIP: '172.18.0.3', podIP: '10.244.1.2' });
  await clock.advance(5000);
  expect(server.bodies).toEqual([
    expect.objectContaining({ status: expect.objectContaining({ phase: 'Running', podIP: '10.244.1.2' }) }),
  ]);
});

test('a pod that takes its time is told of meanwhile', async () => {
  const { manager, server, clock } = aManager(aPod());
  manager.set(aPod(), { phase: 'Pending', hostIP: '172.18.0.3' });
  await clock.advance(500);
  expect(server.requests).toHaveLength(1);
  manager.set(aPod(), { phase: 'Pending', hostIP: '172.18.0.3', podIP: '10.244.1.2' });
  await clock.advance(500);
  expect(server.requests).toHaveLength(2);
});

test('what waits to be sent is forgotten with its pod', async () => {
  const { manager, server, clock } = aManager(aPod());
  manager.set(aPod(), { phase: 'Pending', hostIP: '172.18.0.3' });
  manager.forget('uid-1');
  await clock.advance(5000);
  expect(server.requests).toEqual([]);
});

test('a transition time changes with its condition only', async () => {
  const { manager, clock } = aManager(aPod());
  const at = () => manager.get('uid-1')?.conditions?.[0]?.lastTransitionTime;
  manager.set(aPod(), running);
  const first = at();
  await clock.advance(5000);
  manager.set(aPod(), { ...running, message: 'x' });
  expect(at()).toBe(first);
  manager.set(aPod(), { ...running, conditions: [{ type: 'Ready', status: 'False' }] });
  expect(at()).not.toBe(first);
});

test('the start time is the first status’, for good', async () => {
  const { manager, clock } = aManager(aPod());
  manager.set(aPod(), running);
  const first = manager.get('uid-1')?.startTime;
  await clock.advance(60_000);
  manager.set(aPod(), { ...running, message: 'x' });
  expect(manager.get('uid-1')?.startTime).toBe(first);
});

test('a container’s final end is not taken back', () => {
  const { manager, journal } = aManager(aPod());
  const pod = aPod({ restartPolicy: 'Never' });
  const status = (state: object) => [{ name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state }];
  manager.set(pod, { phase: 'Running', containerStatuses: status({ terminated: { exitCode: 0 } }) });
  manager.set(pod, { phase: 'Running', containerStatuses: status({ running: {} }) });
  expect(journal.records).toContainEqual(expect.objectContaining({ kind: 'pod.illegalStatus' }));
  expect(manager.get('uid-1')?.containerStatuses?.[0]?.state).toHaveProperty('terminated');
});

test('a deleted pod’s object goes when its worker has finished and its phase is terminal', async () => {
  const pod = deleted(aPod());
  const { manager, server, clock } = aManager(pod);
  manager.set(pod, running);
  await clock.advance(0);
  expect(server.requests).toEqual([`patch ${path}/status`]);
  manager.podFinished(pod);
  await clock.advance(0);
  expect(server.requests.slice(1)).toEqual([`patch ${path}/status`, `delete ${path}`]);
  expect(server.bodies[1]).toMatchObject({ status: { phase: 'Failed' } });
});

test('the object is asked to go once, and again when it stays', async () => {
  const pod = deleted(aPod());
  const { manager, server, clock } = aManager(pod);
  manager.set(pod, { phase: 'Succeeded' });
  manager.podFinished(pod);
  await clock.advance(0);
  for (let i = 0; i < 5; i += 1) {
    manager.podChanged(server.get());
    await clock.advance(10);
  }
  const deletions = () => server.requests.filter((request) => request.startsWith('delete')).length;
  expect(deletions()).toBe(1);
  await clock.advance(10_000);
  manager.podChanged(server.get());
  await clock.advance(0);
  expect(deletions()).toBe(2);
});

test('a finished pod that nobody deleted keeps its object', async () => {
  const { manager, server, clock } = aManager(aPod());
  manager.set(aPod(), { phase: 'Succeeded' });
  manager.podFinished(aPod());
  await clock.advance(0);
  expect(server.requests.filter((r) => r.startsWith('delete'))).toEqual([]);
  server.set(deleted(server.get()));
  manager.podChanged(server.get());
  await clock.advance(0);
  expect(server.requests.filter((r) => r.startsWith('delete'))).toEqual([`delete ${path}`]);
});

test('a static pod’s status is its mirror’s', async () => {
  const pod = aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } });
  const { manager, server, clock, setMirror } = aManager(pod);
  manager.set(pod, running);
  await clock.advance(0);
  expect(server.requests).toEqual([]);
  setMirror(aPod({}, { uid: 'mirror-1', annotations: { 'kubernetes.io/config.mirror': 'uid-1' } }));
  const abort = new AbortController();
  void manager.run(abort.signal);
  await clock.advance(10_000);
  expect(server.bodies).toEqual([expect.objectContaining({ metadata: { uid: 'mirror-1' } })]);
  abort.abort();
});

test('a mirror that was made anew gets the status at once', async () => {
  const pod = aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } });
  const { manager, server, clock, setMirror } = aManager(pod);
  const mirror = (uid: string) => aPod({}, { uid, annotations: { 'kubernetes.io/config.mirror': 'uid-1' } });
  setMirror(mirror('mirror-1'));
  manager.set(pod, running);
  await clock.advance(0);
  setMirror(mirror('mirror-2'));
  manager.podChanged(pod);
  manager.podChanged(pod);
  await clock.advance(0);
  manager.podChanged(pod);
  await clock.advance(0);
  expect(server.bodies).toMatchObject([{ metadata: { uid: 'mirror-1' } }, { metadata: { uid: 'mirror-2' } }]);
});

test('what others wrote over it is undone within ten seconds', async () => {
  const { manager, server, clock } = aManager(aPod());
  const abort = new AbortController();
  void manager.run(abort.signal);
  manager.set(aPod(), running);
  await clock.advance(0);
  server.set({ ...server.get(), status: { phase: 'Failed' } });
  server.set({ ...server.get(), status: { ...server.get().status, phase: 'Pending' } });
  await clock.advance(10_000);
  expect(server.get().status?.phase).toBe('Running');
  abort.abort();
});
