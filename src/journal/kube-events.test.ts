import { describe, expect, test } from 'vitest';
import { fakeApi } from '../api/fake.ts';
import { FakeClock } from '../base/clock.ts';
import { kubeEvents, renderEvent } from './kube-events.ts';
import { normalEvent } from './projection.ts';
import type { JournalRecord } from './record.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  namespace: 'ns',
  name: 'web',
  uid: 'u1',
  fieldPath: 'spec.containers{web}',
};
const probeFailed = (output: string): JournalRecord => ({
  kind: 'probe.attempted',
  probe: 'liveness',
  object: pod,
  container: 'web',
  containerId: 'c1',
  outcome: { kind: 'failure', output },
  ms: 1,
});

async function afterWriting(records: readonly JournalRecord[]) {
  const api = fakeApi();
  const clock = new FakeClock();
  const stop = new AbortController();
  const events = kubeEvents({ api, clock, nodeName: 'node1' });
  const running = events.run(stop.signal);
  for (const record of records) events.reader(record, clock.now());
  await clock.advance(1000);
  stop.abort();
  await running;
  return api.requests;
}

describe('kubeEvents', () => {
  test('a new event is created in its object’s namespace', async () => {
    const [created] = await afterWriting([probeFailed('no')]);
    expect(created).toMatchObject({
      method: 'POST',
      path: '/api/v1/namespaces/ns/events',
      body: {
        reason: 'Unhealthy',
        type: 'Warning',
        message: 'Liveness probe failed: no',
        count: 1,
        source: { component: 'kubelet', host: 'node1' },
      },
    });
  });

  test('it waits a moment for what it tells of to be over', async () => {
    const api = fakeApi();
    const clock = new FakeClock();
    const stop = new AbortController();
    const events = kubeEvents({ api, clock, nodeName: 'node1' });
    const running = events.run(stop.signal);
    await clock.advance(0);
    events.reader(probeFailed('no'), clock.now());
    await clock.advance(150);
    events.reader(probeFailed('again'), clock.now());
    expect(api.requests).toHaveLength(0);
    await clock.advance(50);
    expect(api.requests).toHaveLength(2);
    stop.abort();
    await running;
  });

  test('the same event again raises its count', async () => {
    const requests = await afterWriting([probeFailed('no'), probeFailed('no'), probeFailed('no')]);
    expect(requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(requests[2]?.body).toMatchObject({ count: 3 });
  });

  test('many different messages become one event', async () => {
    const requests = await afterWriting(Array.from({ length: 15 }, (_, i) => probeFailed(`no ${i}`)));
    const created = requests.filter(({ method }) => method === 'POST');
    expect(created).toHaveLength(11);
    expect(created[10]?.body).toMatchObject({
      message: '(combined from similar events): Liveness probe failed: no 10',
    });
    expect(requests.filter(({ method }) => method === 'PATCH')).toHaveLength(4);
  });

  test('one object cannot flood the API server', async () => {
    expect(await afterWriting(Array.from({ length: 100 }, () => probeFailed('no')))).toHaveLength(25);
  });
});

test('events of the node tell its UID as soon as that is known', async () => {
  const api = fakeApi();
  const clock = new FakeClock();
  const stop = new AbortController();
  let uid: string | undefined;
  const events = kubeEvents({ api, clock, nodeName: 'n1', nodeUid: () => uid });
  const running = events.run(stop.signal);
  events.reader({ kind: 'node.condition', node: 'n1', reason: 'NodeHasNoDiskPressure' }, clock.now());
  uid = 'u-n1';
  events.reader({ kind: 'node.condition', node: 'n1', reason: 'NodeReady' }, clock.now());
  events.reader(probeFailed('no'), clock.now());
  await clock.advance(1000);
  stop.abort();
  await running;
  const objects = api.requests.map(({ body }) => (body as { involvedObject: object }).involvedObject);
  const node = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
  expect(objects).toEqual([node, { ...node, uid }, pod]);
});

test('events of nodes lie in the namespace default, without a namespace on their object', () => {
  const node = { apiVersion: 'v1', kind: 'Node', name: 'n1', namespace: '' };
  const event = renderEvent(normalEvent(node, 'NodeReady', 'ready'), 'n1', 1_700_000_000_000, 1);
  expect(event.metadata.namespace).toBe('default');
  expect(event.metadata.name).toMatch(/^n1\.[0-9a-f]+$/);
});
