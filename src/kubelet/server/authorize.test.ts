import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { fakeApi } from '../../api/fake.ts';
import { FakeClock } from '../../base/clock.ts';
import { authorizer, requestAttributes } from './authorize.ts';

test.each<[string, string, string, readonly string[]]>([
  ['GET', '/pods', 'get', ['pods', 'proxy']],
  ['GET', '/pods/', 'get', ['pods', 'proxy']],
  ['GET', '/podsomething', 'get', ['proxy']],
  ['GET', '/runningpods/', 'get', ['pods', 'proxy']],
  ['GET', '/healthz/ping', 'get', ['healthz', 'proxy']],
  ['GET', '/configz', 'get', ['configz', 'proxy']],
  ['POST', '/stats/summary', 'create', ['stats']],
  ['GET', '/metrics', 'get', ['metrics']],
  ['GET', '/metrics/cadvisor', 'get', ['metrics']],
  ['GET', '/logs/', 'get', ['log']],
  ['GET', '/flagz', 'get', ['configz']],
  ['GET', '/containerLogs/ns/pod/main', 'get', ['proxy']],
  ['POST', '/exec/ns/pod/main', 'create', ['proxy']],
  ['PUT', '/debug/flags/v', 'update', ['proxy']],
  ['PATCH', '/nothing', 'patch', ['proxy']],
  ['DELETE', '/nothing', 'delete', ['proxy']],
  ['HEAD', '/healthz', '', ['healthz', 'proxy']],
])('%s %s needs %s on %j', (method, path, verb, subresources) => {
  expect(requestAttributes(method, path)).toEqual({ verb, subresources });
});

const reviews = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const user = { name: 'jane', groups: ['dev'] };

/** An API server that allows these subresources and counts what it was asked. */
function setUp(allowed: readonly string[], mode: 'Webhook' | 'AlwaysAllow' = 'Webhook') {
  const clock = new FakeClock();
  const asked: string[] = [];
  const rights = new Set(allowed);
  const failures: ApiError[] = [];
  const api = fakeApi();
  const authorize = authorizer({
    mode,
    nodeName: 'n1',
    allowedMs: 300_000,
    deniedMs: 30_000,
    clock,
    api: {
      ...api,
      async create<T>(path: string, body: unknown): Promise<T> {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        expect(path).toBe(reviews);
        expect(body).toMatchObject({
          kind: 'SubjectAccessReview',
          spec: { user: 'jane', groups: ['dev'], resourceAttributes: { version: 'v1', resource: 'nodes', name: 'n1' } },
        });
        const { subresource } = (body as { spec: { resourceAttributes: { subresource: string } } }).spec
          .resourceAttributes;
        asked.push(subresource);
        return { status: { allowed: rights.has(subresource) } } as T;
      },
    },
  });
  return { authorize, asked, clock, rights, failures };
}

describe('authorizer', () => {
  const pods = { verb: 'get', subresources: ['pods', 'proxy'] };

  test('the first subresource that allows is enough', async () => {
    const { authorize, asked } = setUp(['pods']);
    expect(await authorize(user, pods)).toBe(true);
    expect(asked).toEqual(['pods']);
  });
  test('the broader right opens too', async () => {
    const { authorize, asked } = setUp(['proxy']);
    expect(await authorize(user, pods)).toBe(true);
    expect(asked).toEqual(['pods', 'proxy']);
  });
  test('neither: refused', async () => {
    expect(await setUp([]).authorize(user, pods)).toBe(false);
  });
  test('AlwaysAllow asks nobody', async () => {
    const { authorize, asked } = setUp([], 'AlwaysAllow');
    expect(await authorize(user, pods)).toBe(true);
    expect(asked).toEqual([]);
  });
  test('what was allowed is remembered for five minutes', async () => {
    const { authorize, asked, clock, rights } = setUp(['pods']);
    await authorize(user, pods);
    rights.clear();
    await clock.advance(299_000);
    expect(await authorize(user, pods)).toBe(true);
    expect(asked).toHaveLength(1);
    await clock.advance(2000);
    expect(await authorize(user, pods)).toBe(false);
  });
  test('what was refused is remembered for half a minute', async () => {
    const { authorize, clock, rights } = setUp([]);
    await authorize(user, pods);
    rights.add('pods');
    expect(await authorize(user, pods)).toBe(false);
    await clock.advance(31_000);
    expect(await authorize(user, pods)).toBe(true);
  });
  test('another user’s answer is not used', async () => {
    const { authorize, asked } = setUp(['pods']);
    await authorize(user, pods);
    await authorize({ ...user, uid: '7' }, pods);
    expect(asked).toHaveLength(2);
  });
  test('a server that does not answer is asked again', async () => {
    const { authorize, asked, clock, failures } = setUp(['pods']);
    failures.push(new ApiError(0, '', 'connection refused'), new ApiError(503, '', 'starting'));
    const answer = authorize(user, pods);
    await clock.advance(2000);
    expect(await answer).toBe(true);
    expect(asked).toEqual(['pods']);
  });
  test('a server that will not have the question is not asked again', async () => {
    const { authorize, failures } = setUp(['pods']);
    failures.push(new ApiError(403, 'Forbidden', 'no'));
    await expect(authorize(user, pods)).rejects.toThrow('no');
  });
  test('after five tries without an answer it is an error', async () => {
    const { authorize, clock, failures } = setUp(['pods']);
    for (let i = 0; i < 6; i += 1) failures.push(new ApiError(0, '', 'connection refused'));
    const answer = expect(authorize(user, pods)).rejects.toThrow('connection refused');
    await clock.advance(60_000);
    await answer;
    expect(failures).toHaveLength(1);
  });
});
