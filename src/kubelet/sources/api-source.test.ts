import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeApi } from '../../api/fake.ts';
import type { ApiObject } from '../../api/port.ts';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { aPod } from '../test-builders.ts';
import { apiSource } from './api-source.ts';

const path = (name: string) => `/api/v1/namespaces/default/pods/${name}`;
const named = (name: string): Pod => aPod({}, { name, uid: name });

let stop = new AbortController();
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

function start(after?: (signal: AbortSignal) => Promise<void>) {
  const api = fakeApi({ [path('a')]: named('a') as ApiObject });
  const clock = new FakeClock();
  const lists: (readonly Pod[])[] = [];
  const changes: [string, Pod | undefined][] = [];
  const source = apiSource({
    api,
    nodeName: 'n1',
    clock,
    journal: memoryJournal(),
    onAll: (pods) => lists.push(pods),
    onOne: (uid, pod) => changes.push([uid, pod]),
    ...(after === undefined ? {} : { after }),
  });
  void source.run(stop.signal);
  return { api, clock, lists, changes };
}

const seen = (pod: Pod | undefined) => pod?.metadata?.annotations?.['kubernetes.io/config.seen'];

test('all pods first, then one at a time', async () => {
  const { api, clock, lists, changes } = start();
  await clock.advance(0);
  expect(lists.map((pods) => pods.map(({ metadata }) => metadata?.uid))).toEqual([['a']]);
  api.put(path('b'), named('b') as ApiObject);
  await clock.advance(0);
  api.take(path('a'));
  await clock.advance(0);
  expect(changes.map(([uid, pod]) => [uid, pod !== undefined])).toEqual([
    ['b', true],
    ['a', false],
  ]);
});

test('pods are marked on this side only, with the time they were first seen', async () => {
  const { api, clock, lists, changes } = start();
  await clock.advance(0);
  const first = seen(lists[0]?.[0]);
  expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  expect(lists[0]?.[0]?.metadata?.annotations?.['kubernetes.io/config.source']).toBe('api');
  await clock.advance(60_000);
  api.put(path('a'), { ...named('a'), status: { phase: 'Running' } } as ApiObject);
  await clock.advance(0);
  expect(seen(changes[0]?.[1])).toBe(first);
  expect((api.at(path('a')) as Pod).metadata?.annotations).toBeUndefined();
});

test('a mirror is left as it is', async () => {
  const { api, clock, changes } = start();
  await clock.advance(0);
  const annotations = { 'kubernetes.io/config.mirror': 'h' };
  api.put(path('m'), aPod({}, { name: 'm', uid: 'm', annotations }) as ApiObject);
  await clock.advance(0);
  expect(changes[0]?.[1]?.metadata?.annotations).toEqual(annotations);
});

test('nobody asks for pods before the node is there', async () => {
  let registered: () => void = () => undefined;
  const { clock, lists } = start(
    () =>
      new Promise((resolve) => {
        registered = resolve;
      }),
  );
  await clock.advance(0);
  expect(lists).toEqual([]);
  registered();
  await clock.advance(0);
  expect(lists).toHaveLength(1);
});
