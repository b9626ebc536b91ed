import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { type FakeApi, fakeApi } from '../../api/fake.ts';
import type { ApiObject } from '../../api/port.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Authority } from '../../base/x509/certificates.ts';
import { parseCertificateRequest } from '../../base/x509/requests.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { holds, keepCertificate, type RotationOptions, rotationDeadline } from './rotation.ts';
import { certificateStore } from './store.ts';
import { anAuthority, approve, csrPath, pemOf, sign, storedRequests } from './testing.ts';

const secondMs = 1000;
const start = Date.UTC(2026, 0, 1);
const lasting = (seconds: number, from = start) => ({
  notBefore: new Date(from),
  notAfter: new Date(from + seconds * secondMs),
});

describe('when a certificate is replaced', () => {
  const stored = { pem: '', ...lasting(100) };
  test.each([
    [0, 70],
    [0.5, 80],
    [0.999_999, 90],
  ])('with luck of %d: after %d %% of its life', (random, percent) =>
    expect(rotationDeadline(stored, () => random)).toBeCloseTo(start + percent * secondMs, -5),
  );
});

test.each<[string, boolean, number]>([
  ['before it ends', true, start + 99 * secondMs],
  ['when it ends', false, start + 100 * secondMs],
])('a certificate holds %s: %s', (_name, expected, now) =>
  expect(holds({ pem: '', ...lasting(100) }, now)).toBe(expected),
);
test('no certificate holds never', () => expect(holds(undefined, 0)).toBe(false));

describe('keeping a certificate', () => {
  let authority: Authority;
  let folder = '';
  let stop = new AbortController();
  beforeAll(async () => {
    authority = await anAuthority();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pki-'));
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await rm(folder, { recursive: true });
  });

  function run(more: Partial<RotationOptions> = {}) {
    const api = fakeApi();
    const clock = new FakeClock(start);
    const journal = memoryJournal();
    const store = certificateStore(folder, 'kubelet-client');
    let renewed = 0;
    const done = keepCertificate(
      {
        purpose: 'client',
        store,
        clock,
        journal,
        random: () => 0,
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usage: 'client auth',
        api: () => api,
        names: () => ({ commonName: 'system:node:n1', dnsNames: [], ipAddresses: [] }),
        covers: () => true,
        onNew: () => {
          renewed += 1;
        },
        ...more,
      },
      stop.signal,
    );
    /** Lets keys be made and files be written, none of which the clock knows of. */
    const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await condition())) await clock.advance(0);
    };
    return { api, clock, journal, store, done, until, renewed: () => renewed };
  }

  const newest = async (api: FakeApi, count: number) => {
    const found = await storedRequests(api);
    return found.length >= count ? found.at(-1) : undefined;
  };

  /** Waits for the request number `count` and answers it. */
  async function signNext({ api, until }: ReturnType<typeof run>, count: number, seconds: number, from = start) {
    await until(async () => (await newest(api, count)) !== undefined);
    const request = await newest(api, count);
    if (request === undefined) throw new Error('no request');
    approve(api, request, await sign(authority, pemOf(request), lasting(seconds, from)));
    return request;
  }

  test('the first one is asked for at once, in the words that the signer wants', async () => {
    const running = run();
    const request = await signNext(running, 1, 100);
    await running.until(() => running.renewed() === 1);
    expect(request.spec).toMatchObject({
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    });
    expect(request.spec).not.toHaveProperty('expirationSeconds');
    expect(await parseCertificateRequest(pemOf(request))).toEqual({
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      signed: true,
    });
    expect(running.store.current()?.pem).toMatch(/CERTIFICATE[\s\S]+EC PRIVATE KEY/);
    expect(running.journal.records.map(({ kind }) => kind)).toEqual(['certificate.requested', 'certificate.issued']);
  });

  test('another one is asked for in time, and not before', async () => {
    const running = run();
    await signNext(running, 1, 100);
    await running.until(() => running.renewed() === 1);
    await running.clock.advance(69 * secondMs);
    expect(await storedRequests(running.api)).toHaveLength(1);
    await running.clock.advance(2000);
    await signNext(running, 2, 100, start + 70 * secondMs);
    await running.until(() => running.renewed() === 2);
    expect(running.store.current()?.notAfter).toEqual(new Date(start + 170 * secondMs));
  });

  test('names that are not known yet are waited for', async () => {
    let known = false;
    const names = () => (known ? { commonName: 'system:node:n1', dnsNames: [], ipAddresses: ['10.0.0.1'] } : undefined);
    const running = run({ names });
    await running.clock.advance(10_000);
    expect(await storedRequests(running.api)).toHaveLength(0);
    known = true;
    await running.clock.advance(1000);
    await running.until(async () => (await storedRequests(running.api)).length === 1);
  });

  test('a certificate whose names no longer fit is replaced at once', async () => {
    let covered = true;
    const running = run({ covers: () => covered });
    await signNext(running, 1, 100);
    await running.until(() => running.renewed() === 1);
    covered = false;
    await running.clock.advance(1000);
    await running.until(async () => (await storedRequests(running.api)).length === 2);
    covered = true;
  });

  test('without rotation it is over with the first one', async () => {
    const running = run({ once: true });
    await signNext(running, 1, 100);
    await running.until(() => running.renewed() === 1);
    await running.clock.advance(0);
    await running.done;
  });

  const refused = (type: string) => ({ status: { conditions: [{ type, reason: 'NoWay', message: 'not you' }] } });
  test.each<[string, (api: FakeApi, request: ApiObject) => void, RegExp]>([
    [
      'denied',
      (api, request) =>
        api.put(`${csrPath}/${request.metadata?.name}`, { ...request, ...refused('Denied') } as ApiObject),
      /was denied, reason: NoWay, message: not you/,
    ],
    [
      'failed',
      (api, request) =>
        api.put(`${csrPath}/${request.metadata?.name}`, { ...request, ...refused('Failed') } as ApiObject),
      /was failed, reason: NoWay/,
    ],
    ['deleted', (api, request) => api.take(`${csrPath}/${request.metadata?.name}`), /was deleted/],
  ])('a request that is %s is told of, and made again after a while', async (_name, act, reason) => {
    const running = run();
    await running.until(async () => (await newest(running.api, 1)) !== undefined);
    const request = await newest(running.api, 1);
    act(running.api, request ?? {});
    const failed = () => running.journal.records.find(({ kind }) => kind === 'certificate.failed');
    await running.until(() => failed() !== undefined);
    expect(failed()).toMatchObject({ purpose: 'client', reason: expect.stringMatching(reason) });
    await running.clock.advance(2000);
    const posts = () => running.api.requests.filter(({ method }) => method === 'POST').length;
    await running.until(() => posts() === 2);
  });

  test('a refusal is tried again, later and later', async () => {
    const running = run();
    const waits: number[] = [];
    const posts = () => running.api.requests.filter(({ method }) => method === 'POST').length;
    for (let i = 0; i < 4; i += 1)
      running.api.failNext(`POST ${csrPath}`, new ApiError(401, 'Unauthorized', 'Unauthorized'));
    for (let tries = 1; tries <= 4; tries += 1) {
      await running.until(() => posts() === tries && running.clock.sleeping > 0);
      const before = running.clock.now();
      while (posts() === tries) {
        await running.clock.advance(1000);
        // The next key is being made.
        if (running.clock.sleeping === 0) await running.until(() => posts() > tries);
      }
      waits.push(Math.round((running.clock.now() - before) / 1000));
    }
    expect(waits).toEqual([2, 4, 8, 16]);
  });
});
