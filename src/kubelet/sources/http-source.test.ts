import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { nameOf } from '../pod-facts.ts';
import { httpSource, parsePodList } from './http-source.ts';

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'busybox:1' }] },
});

describe('an answer', () => {
  test.each<[string, string, number]>([
    ['nothing', ' \n', 0],
    ['one pod', JSON.stringify(pod('a')), 1],
    ['a list', JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [pod('a'), pod('b')] }), 2],
    ['an empty list', JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [] }), 0],
  ])('%s', (_name, text, count) => expect(parsePodList(text)).toHaveLength(count));

  test('items of a list need not say what they are', () => {
    const { apiVersion: _, kind: __, ...item } = pod('a');
    expect(parsePodList(JSON.stringify({ items: [item] }))).toEqual([pod('a')]);
  });

  test('a list that is none', () => expect(() => parsePodList('items: 3')).toThrow('items is not a list'));
});

describe('polling', () => {
  let server: Server;
  let answer = { status: 200, body: '' };
  let seen: (string | undefined)[] = [];
  let stop = new AbortController();
  beforeEach(async () => {
    seen = [];
    stop = new AbortController();
    server = createServer((request, response) => {
      seen.push(request.headers['x-who'] as string | undefined);
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    stop.abort();
    server.close();
  });

  function start() {
    const clock = new FakeClock();
    const journal = memoryJournal();
    const lists: (readonly Pod[])[] = [];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pods`;
    const source = httpSource({
      url,
      headers: { 'X-Who': ['kubelet'] },
      nodeName: 'n1',
      clock,
      journal,
      checkEveryMs: 20_000,
      onPods: (pods) => lists.push(pods),
    });
    void source.run(stop.signal);
    /** Waits until the source has asked `count` times and rests again. */
    const asked = async (count: number): Promise<void> => {
      while (seen.length < count || clock.sleeping === 0) await clock.advance(0);
    };
    return { clock, journal, lists, asked };
  }

  test('the pods of the URL, with the headers asked for', async () => {
    answer = { status: 200, body: JSON.stringify(pod('a')) };
    const run = start();
    await run.asked(1);
    expect(run.lists.map((pods) => pods.map(nameOf))).toEqual([['a-n1']]);
    expect(run.lists[0]?.[0]?.metadata?.annotations?.['kubernetes.io/config.source']).toBe('http');
    expect(seen).toEqual(['kubelet']);
  });

  test('the same answer again is not told, another one is', async () => {
    answer = { status: 200, body: JSON.stringify(pod('a')) };
    const run = start();
    await run.asked(1);
    await run.clock.advance(20_000);
    await run.asked(2);
    expect(run.lists).toHaveLength(1);
    answer = { status: 200, body: '' };
    await run.clock.advance(20_000);
    await run.asked(3);
    expect(run.lists.at(-1)).toEqual([]);
  });

  test('a refusal changes nothing; after three of them it is told of quietly', async () => {
    answer = { status: 500, body: 'no' };
    const run = start();
    for (let i = 1; i <= 4; i += 1) {
      await run.asked(i);
      await run.clock.advance(20_000);
    }
    expect(run.lists).toEqual([]);
    const told = run.journal.records.flatMap((record) => (record.kind === 'source.urlFailed' ? [record.loud] : []));
    expect(told.slice(0, 4)).toEqual([true, true, true, false]);
  });
});
