import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
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
    ['one pod', JSON.stringify(pod('a')), 1],
    ['a list', JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [pod('a'), pod('b')] }), 2],
    ['an empty list', JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [] }), 0],
  ])('%s', (_name, text, count) => expect(parsePodList(text)).toHaveLength(count));

  test('items of a list need not say what they are', () => {
    const { apiVersion: _, kind: __, ...item } = pod('a');
    expect(parsePodList(JSON.stringify({ apiVersion: 'v1', kind: 'PodList', items: [item] }))).toEqual([pod('a')]);
  });

  test('a list that is none', () =>
    expect(() => parsePodList('{apiVersion: v1, kind: PodList, items: 3}')).toThrow('PodList.items of type []v1.Pod'));
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
    /** What the log says of it, each with its level. */
    const lines = () =>
      journal.records
        .filter(({ kind }) => kind !== 'source.added')
        .flatMap((record) => projectionOf(record).log?.(record) ?? [])
        .map(({ level, message, fields }) => `${level} ${message}${fields === undefined ? '' : `: ${fields.err}`}`);
    return { clock, url, lines, lists, asked };
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
    expect(run.lines()).toEqual([`0 Failed to read pods from URL: zero-length data received from ${run.url}`]);
  });

  test('what is no pod is shown, and changes nothing', async () => {
    answer = { status: 200, body: 'a: 1' };
    const run = start();
    await run.asked(1);
    const why = `Object 'Kind' is missing in '{"a":1}'`;
    expect(run.lists).toEqual([]);
    expect(run.lines()).toEqual([
      `0 Failed to read pods from URL: ${run.url}: received 'a: 1', but couldn't parse as single (${why}) or multiple pods (${why})`,
    ]);
  });

  test('more than a manifest may be is not read to its end', async () => {
    answer = { status: 200, body: ' '.repeat(10 * 1024 * 1024) };
    const run = start();
    await run.asked(1);
    expect(run.lines()).toEqual(['0 Failed to read pods from URL: the read limit is reached']);
  });

  test('a refusal changes nothing; after some of them it is told of quietly, and then that it is over', async () => {
    answer = { status: 500, body: 'no' };
    const run = start();
    for (let i = 1; i <= 5; i += 1) {
      await run.asked(i);
      await run.clock.advance(20_000);
    }
    expect(run.lists).toEqual([]);
    answer = { status: 200, body: JSON.stringify(pod('a')) };
    await run.asked(6);
    await run.clock.advance(20_000);
    await run.asked(7);
    const refused = `${run.url}: 500 Internal Server Error`;
    expect(run.lines().slice(0, 5)).toEqual([
      `0 Failed to read pods from URL: ${refused}`,
      `0 Failed to read pods from URL: ${refused}`,
      `0 Failed to read pods from URL: ${refused}`,
      `0 Failed to read pods from URL. Dropping verbosity of this message to V(4): ${refused}`,
      `4 Failed to read pods from URL: ${refused}`,
    ]);
    expect(run.lines().at(-1)).toBe('0 Successfully read pods from URL');
  });
});
