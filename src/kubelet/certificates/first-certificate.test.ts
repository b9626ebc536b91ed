import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { fakeApi } from '../../api/fake.ts';
import { FakeClock } from '../../base/clock.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { obtainFirstCertificate } from './first-certificate.ts';
import { certificateStore } from './store.ts';
import { anAuthority, approve, pemOf, sign, storedRequests } from './testing.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'first-'));
});
afterEach(() => rm(folder, { recursive: true }));

function begin() {
  const api = fakeApi();
  const clock = new FakeClock();
  const store = certificateStore(folder, 'kubelet-client');
  const stop = new AbortController();
  const journal = memoryJournal();
  const start = () => obtainFirstCertificate({ api, store, clock, journal, nodeName: 'n1' }, stop.signal);
  return { api, clock, store, stop, start };
}

test('asks, and waits until it is there; asked again, it is there already', async () => {
  const { api, clock, store, start } = begin();
  const authority = await anAuthority();
  const done = start();
  const request = await vi.waitFor(async () => {
    const [first] = await storedRequests(api);
    if (first === undefined) throw new Error('no request yet');
    return first;
  });
  expect(store.current()).toBeUndefined();
  const validity = { notBefore: new Date(clock.now()), notAfter: new Date(clock.now() + 3_600_000) };
  approve(api, request, await sign(authority, pemOf(request), validity));
  await done;
  expect(store.current()?.notAfter).toEqual(validity.notAfter);
  await start();
  expect(await storedRequests(api)).toHaveLength(1);
});

test('a server that only starts is given a minute', async () => {
  const { api, clock, stop, start } = begin();
  let looks = 0;
  vi.spyOn(api, 'raw').mockImplementation(async () => {
    looks += 1;
    throw new ApiError(0, '', 'refused');
  });
  const done = start();
  await clock.advance(58_000);
  expect(looks).toBeGreaterThan(10);
  expect(await storedRequests(api)).toEqual([]);
  await clock.advance(4000);
  await vi.waitFor(async () => expect(await storedRequests(api)).toHaveLength(1));
  stop.abort();
  await done;
});
