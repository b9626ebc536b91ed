import { expect, test } from 'vitest';
import { ApiError } from '../api/errors.ts';
import { FakeClock } from '../base/clock.ts';
import { followNodes } from './follow-nodes.ts';
import type { Heard } from './journal-source.ts';

const line = (second: number, kind = 'pod.finished') =>
  JSON.stringify({ at: `2026-11-23T00:00:0${second}.000Z`, kind, pod: 'a/a' });

/** Answers each request of a node with the next of its answers: lines, then an error if there is one. */
function journals(answers: Readonly<Record<string, (readonly (string | Error)[])[]>>) {
  const asked: string[] = [];
  return {
    asked,
    async *lines(path: string, { query }: { query?: unknown }) {
      const node = path.split('/')[4] ?? '';
      asked.push(`${path} ${JSON.stringify(query)}`);
      const answer = answers[node]?.shift();
      if (answer === undefined) await new Promise(() => undefined);
      for (const each of answer ?? []) {
        if (each instanceof Error) throw each;
        yield each;
      }
    },
  };
}

/** The first `count` things heard, with the clock moved on whenever somebody waits. */
async function hear(api: ReturnType<typeof journals>, nodes: readonly string[], count: number, pod?: string) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const heard: Heard[] = [];
  const listening = (async () => {
    for await (const each of followNodes({ api, clock, nodes, pod, signal: stop.signal })) {
      heard.push(each);
      if (heard.length >= count) return;
    }
  })();
  const moving = (async () => {
    while (!stop.signal.aborted) await clock.advance(1000);
  })();
  await listening.finally(() => stop.abort());
  await moving;
  return heard.map((each) =>
    each.type === 'record' ? each.record.at / 1000 - Date.UTC(2026, 10, 23) / 1000 : each.type,
  );
}

test('a connection that breaks is made again, and nothing is told twice', async () => {
  const api = journals({
    n1: [
      [line(1), line(2), line(2, 'pod.deleted')],
      [line(1), line(2), line(2, 'pod.deleted'), line(3), new ApiError(0, '', 'reset')],
      [new ApiError(503, '', 'kubelet is not there')],
      [line(4)],
    ],
  });
  expect(await hear(api, ['n1'], 10)).toEqual([
    'connected',
    1,
    2,
    2,
    'lost',
    'connected',
    3,
    'lost',
    'lost',
    'connected',
  ]);
});

test('asks for the pod alone, and to go on', async () => {
  const api = journals({ n1: [[line(1)]] });
  await hear(api, ['n1'], 2, 'a/a');
  expect(api.asked).toEqual(['/api/v1/nodes/n1/proxy/debug/klab/journal {"pod":"a/a","follow":true}']);
});

test.each([
  [403, 'NOT_ALLOWED', /nodes\/proxy/],
  [401, 'NOT_ALLOWED', /klab export kubeconfig/],
  [404, 'NO_JOURNAL', /journalctl -u kubelet/],
])('HTTP %i ends it: trying again would not help', async (status, code, hint) => {
  const api = journals({ n1: [[new ApiError(status, '', 'no')]] });
  await expect(hear(api, ['n1'], 9)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) });
});

test('among several nodes, one without a journal is passed over', async () => {
  const api = journals({ n1: [[new ApiError(404, '', 'no')]], n2: [[line(1)]] });
  expect(await hear(api, ['n1', 'n2'], 3)).toEqual(['lost', 'connected', 1]);
});
