import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { apiReady } from './api-ready.ts';

const { signal } = new AbortController();

/** Answers with each of `answers` in turn, the last one for ever. */
function server(...answers: (string | Error)[]) {
  const asked: string[] = [];
  const raw = async (path: string): Promise<string> => {
    asked.push(path);
    const answer = answers[Math.min(asked.length, answers.length) - 1] ?? '';
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, raw };
}

async function waited(answers: (string | Error)[], onTrouble?: () => Promise<void>) {
  const clock = new FakeClock();
  const api = server(...answers);
  const result = apiReady(api, { clock, signal, timeoutMs: 1000, ...(onTrouble ? { onTrouble } : {}) });
  result.catch(() => undefined);
  for (let ms = 0; ms < 1200; ms += 50) await clock.advance(50);
  return { result: await result, asked: api.asked.length, path: api.asked[0] };
}

test('one that answers is asked once', async () => {
  expect(await waited(['ok'])).toMatchObject({ result: { kind: 'done' }, asked: 1, path: '/readyz' });
});

test('one that does not listen yet, then refuses its administrator, is asked again until it is ready', async () => {
  const answers = [new Error('connect ECONNREFUSED'), new Error('403 forbidden'), 'ok'];
  expect(await waited(answers)).toMatchObject({ result: { kind: 'done' }, asked: 3 });
});

test('one that never is: what it said last', async () => {
  const { result } = await waited([new Error('connect ECONNREFUSED'), new Error('403 forbidden')]);
  expect(result).toEqual({ kind: 'timedOut', lastSeen: '403 forbidden' });
});

test('what the caller sees meanwhile ends the wait', async () => {
  const crashed = async () => {
    throw new Error('etcd exits again and again');
  };
  await expect(waited([new Error('no')], crashed)).rejects.toThrow('etcd exits again and again');
});

test('an abort ends the wait', async () => {
  const abort = new AbortController();
  const raw = async (): Promise<string> => {
    abort.abort(new Error('interrupted'));
    throw new Error('no');
  };
  const ends = apiReady({ raw }, { clock: new FakeClock(), signal: abort.signal, timeoutMs: 1000 });
  await expect(ends).rejects.toThrow('interrupted');
});
