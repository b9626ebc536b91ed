import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anAuthority } from '../certificates/testing.ts';
import { aContainer, aPod, aSeen, aSeenPod, running } from '../test-builders.ts';
import { aServer, clientCertificate, nobody, type TestServer } from './testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await aServer({
    pods: [aPod({ containers: [aContainer('main')] })],
    seen: [aSeenPod([aSeen('main', running)])],
    cri: {
      execSync: async (_id, command) => ({
        stdout: Buffer.from(command.join('|')),
        stderr: Buffer.from('!'),
        exitCode: command[0] === 'false' ? 1 : 0,
      }),
    },
  });
});
afterAll(() => server.close());

describe('who asks', () => {
  test('a client certificate of the authority', async () => {
    expect(await server.ask('/healthz')).toMatchObject({ status: 200, body: 'ok' });
    expect(server.reviews.at(-1)?.spec).toMatchObject({
      user: 'admin',
      groups: ['system:masters', 'system:authenticated'],
      resourceAttributes: { verb: 'get', version: 'v1', resource: 'nodes', name: 'n1' },
    });
  });
  test('nobody', async () =>
    expect(await server.ask('/healthz', nobody)).toMatchObject({ status: 401, body: 'Unauthorized' }));
  test('a certificate of another authority', async () => {
    const other = await clientCertificate(await anAuthority(), 'admin', ['system:masters']);
    expect(await server.ask('/healthz', other)).toMatchObject({ status: 401 });
  });
  test('a certificate that is for servers', async () => {
    const serving = await clientCertificate(server.authority, 'admin', ['system:masters'], ['server']);
    expect(await server.ask('/healthz', serving)).toMatchObject({ status: 401 });
  });
  test('a token, which is asked about once in a while', async () => {
    const withToken = { ...nobody, headers: { authorization: 'Bearer good' } };
    const asked = () => server.reviews.filter(({ path }) => path === 'tokenreviews').length;
    const before = asked();
    expect(await server.ask('/healthz', withToken)).toMatchObject({ status: 200 });
    expect(server.reviews.at(-1)?.spec).toMatchObject({
      user: 'robot',
      uid: '7',
      groups: expect.arrayContaining(['robots']),
    });
    await server.ask('/healthz', withToken);
    expect(asked()).toBe(before + 1);
    await server.clock.advance(121_000);
    await server.ask('/healthz', withToken);
    expect(asked()).toBe(before + 2);
  });
  test('a token that is no good', async () =>
    expect(await server.ask('/healthz', { ...nobody, headers: { authorization: 'Bearer bad' } })).toMatchObject({
      status: 401,
    }));
});

describe('who may', () => {
  test('one who may read pods may not run commands', async () => {
    const reader = await clientCertificate(server.authority, 'reader', ['readers']);
    expect(await server.ask('/pods', reader)).toMatchObject({ status: 200 });
    expect(await server.ask('/run/default/web/main?cmd=id', { ...reader, method: 'POST' })).toMatchObject({
      status: 403,
      body: 'Forbidden (user=reader, verb=create, resource=nodes, subresource(s)=[proxy])\n',
    });
    expect(await server.ask('/configz', reader)).toMatchObject({
      status: 403,
      body: 'Forbidden (user=reader, verb=get, resource=nodes, subresource(s)=[configz proxy])\n',
    });
  });
  test('an allowed question is not asked again for five minutes, a denied one for half a minute', async () => {
    const reader = await clientCertificate(server.authority, 'other', []);
    const asked = async (path: string) => {
      const before = server.reviews.length;
      await server.ask(path, reader);
      return server.reviews.length - before;
    };
    expect([await asked('/pods'), await asked('/metrics')]).toEqual([1, 1]);
    await server.clock.advance(29_000);
    expect([await asked('/pods'), await asked('/metrics')]).toEqual([0, 0]);
    await server.clock.advance(2000);
    expect([await asked('/pods'), await asked('/metrics')]).toEqual([0, 1]);
    await server.clock.advance(270_000);
    expect(await asked('/pods')).toBe(1);
  });
});

describe('what is answered', () => {
  test.each<[string, string, number, RegExp]>([
    ['GET', '/healthz?verbose', 200, /^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]syncloop ok\nhealthz check passed\n$/],
    ['GET', '/healthz/syncloop', 200, /^ok$/],
    ['GET', '/metrics/slis', 200, /^kubernetes_healthcheck\{name="syncloop",type="healthz"\} 1$/m],
    ['GET', '/livez', 404, /not found/],
    ['GET', '/', 404, /not found/],
    ['GET', '/pods', 200, /"kind":"PodList","apiVersion":"v1".*"name":"web"/],
    ['GET', '/pods/', 200, /"name":"web"/],
    ['GET', '/runningpods/', 200, /"uid":"uid-1".*"name":"main"/],
    ['GET', '/runningpods', 307, /^<a href="\/runningpods\/">Temporary Redirect<\/a>\.\n\n$/],
    ['GET', '/logs?query=kubelet', 307, /"\/logs\/\?query=kubelet"/],
    ['GET', '/metrics/', 404, /not found/],
    ['GET', '/healthz?verbose&exclude=log', 200, /^\[\+\]ping ok\n\[\+\]log excluded: ok\n/],
    ['GET', '/healthz?verbose&exclude=x', 200, /^warn: some health checks cannot be excluded: no matches for "x"$/m],
    ['GET', '/configz', 200, /"kubeletconfig":\{/],
    ['GET', '/metrics', 200, /^a 1\n$/],
    ['POST', '/run/default/web/main?cmd=ls%20-l', 200, /^ls\|-l!$/],
    ['POST', '/run/default/web/uid-1/main?cmd=ls', 200, /^ls!$/],
    ['GET', '/run/default/web/main?cmd=ls', 405, /^405: Method Not Allowed$/],
    ['POST', '/run/default/web/main?cmd=false', 500, /^command 'false' exited with 1: false!$/],
    ['POST', '/exec/default/web/main?command=ls&output=1', 500, /not asked for/],
    ['POST', '/exec/default/web/main?command=ls', 400, /^you must specify at least 1 of stdin, stdout, stderr$/],
    ['POST', '/exec/default/gone/main?command=ls&output=1', 404, /^pod does not exist$/],
    ['POST', '/exec/default/web/gone?command=ls&output=1', 500, /^container not found \("gone"\)$/],
    ['POST', '/attach/default/web/gone?output=1', 500, /^container gone not found in pod web_default$/],
    ['POST', '/portForward/default/web/another-uid', 404, /^pod not found$/],
    ['GET', '/containerLogs/default/gone/main', 404, /^pod "gone" does not exist$/],
    ['GET', '/containerLogs/default/web/gone', 404, /^container "gone" not found in pod "web"$/],
    ['GET', '/containerLogs/default/web/main?tailLines=x', 400, /^\{"message": "Unable to decode query\."\}$/],
    ['GET', '/containerLogs/default/web/main?tailLines=-1', 422, /^\{"message": "Invalid request\."\}$/],
    ['GET', '/containerLogs/default/web/main', 400, /^container "main" in pod "web" is not available$/],
    ['GET', '/containerLogs/default/web/main?stream=Stdout', 400, /^unable to return the given log stream: "Stdout"/],
    ['GET', '/containerLogs/default/web/main?stream=Both', 422, /Invalid request/],
    ['POST', '/configz', 200, /"kubeletconfig"/],
    ['PUT', '/logs/', 405, /Not Allowed/],
    ['GET', '/flagz', 200, /^\nkubelet flagz\nWarning: .*\n\nmax-pods=7\n$/],
    [
      'GET',
      '/statusz',
      200,
      /^\nkubelet statusz\nWarning: .*\n\nStarted: .*\nUp: 1 hr \d\d min \d\d sec\nBinary version: 1\.37\.2\n/,
    ],
    ['POST', '/statusz', 200, /kubelet statusz/],
    ['GET', '/debug/flags/v', 406, /^unsupported http method\n$/],
    ['PUT', '/debug/flags/v', 400, /^strconv.ParseUint: parsing "": invalid syntax\n$/],
    ['POST', '/exec/default/gone/main', 400, /^you must specify at least 1 of/],
    ['POST', '/checkpoint/default/gone/main', 404, /^pod does not exist$/],
    ['POST', '/checkpoint/default/web/gone', 404, /^container gone does not exist$/],
    ['POST', '/checkpoint/default/web/main?timeout=x', 404, /^cannot parse value of timeout parameter$/],
    [
      'POST',
      '/checkpoint/default/web/main',
      500,
      /^checkpointing of default\/web\/main failed \(not asked for in this test\)$/,
    ],
    ['GET', '/checkpoint/default/web/main', 405, /Not Allowed/],
    ['GET', '/logs/../../etc/passwd', 404, /not found/],
    ['GET', '/logs/%2e%2e/%2e%2e/etc/passwd', 404, /not found/],
    ['GET', '/logs/..%2f..%2fetc%2fpasswd', 404, /not found/],
  ])('%s %s: %i', async (method, path, status, body) => {
    const answer = await server.ask(path, { method });
    expect(answer.body).toMatch(body);
    expect(answer.status).toBe(status);
  });

  test.each([
    ['5\n', /^strconv.ParseUint: parsing "5\\n": invalid syntax\n$/],
    ['-1', /^strconv.ParseUint: parsing "-1": invalid syntax\n$/],
    ['99999999999', /^strconv.ParseUint: parsing "99999999999": value out of range\n$/],
  ])('the log level is no %j', async (body, answer) => {
    expect(await server.ask('/debug/flags/v', { method: 'PUT' }, body)).toMatchObject({
      status: 400,
      body: expect.stringMatching(answer),
    });
  });

  test('the log level can be set', async () => {
    expect(await server.ask('/debug/flags/v', { method: 'PUT' }, '5')).toMatchObject({
      status: 200,
      body: 'successfully set klog.logging.verbosity to 5\n',
    });
    expect(server.journal.records).toContainEqual({ kind: 'node.flagWarning', text: '-v=5' });
  });

  test('each answer is told with its first path segment', async () => {
    await server.ask('/containerLogs/default/web/main');
    await server.ask('/nonsense');
    await expect
      .poll(() => server.journal.records.filter(({ kind }) => kind === 'server.answered').slice(-2))
      .toMatchObject([
        { method: 'GET', path: 'containerLogs', status: 400, serverType: 'readwrite' },
        { path: 'other', status: 404, inFlight: 0 },
      ]);
  });
});

test('the journal of a pod, and what comes', async () => {
  const told = (uid: string) =>
    server.view.reader({ kind: 'pod.synced', pod: 'default/web', uid, ms: 1, phase: 'Running' }, server.clock.now());
  told('1');
  expect(await server.ask('/debug/klab/journal?pod=default/other')).toMatchObject({ status: 200, body: '' });
  const request = server.open('/debug/klab/journal?pod=default/web&follow=true');
  const lines: string[] = [];
  request.on('response', (response) => response.on('data', (chunk: Buffer) => lines.push(String(chunk))));
  request.on('error', () => undefined);
  request.end();
  await expect.poll(() => lines.join('')).toContain('"uid":"1"');
  told('2');
  await expect.poll(() => lines.join('')).toContain('"uid":"2"');
  request.destroy();
});

test('logs of a running container', async () => {
  const path = join(server.folder, 'main.log');
  writeFileSync(path, '2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:01Z stderr F two\n');
  const own = await aServer({
    pods: [aPod({ containers: [aContainer('main')] })],
    seen: [aSeenPod([aSeen('main', running, { logPath: path })])],
    statuses: {
      'uid-1': {
        containerStatuses: [
          {
            name: 'main',
            containerID: 'containerd://main-0',
            state: { running: {} },
            image: '',
            imageID: '',
            ready: true,
            restartCount: 0,
          },
        ],
      },
    },
  });
  try {
    const logs = (query: string) => own.ask(`/containerLogs/default/web/main${query}`);
    expect(await logs('')).toMatchObject({ status: 200, body: 'one\ntwo\n' });
    expect(await logs('?tailLines=1&timestamps=true')).toMatchObject({ body: '2026-01-01T00:00:01.000000000Z two\n' });
    expect(await logs('?limitBytes=2')).toMatchObject({ body: 'on' });
    expect(await logs('?previous=true')).toMatchObject({
      status: 400,
      body: 'previous terminated container "main" in pod "web" not found',
    });
  } finally {
    own.close();
  }
});

describe('in other circumstances', () => {
  const during = async (config: Record<string, unknown>, what: (own: TestServer) => Promise<void>) => {
    const own = await aServer({ config, pods: [aPod({ containers: [aContainer('main')] })] });
    try {
      await what(own);
    } finally {
      own.close();
    }
  };

  test('without debugging handlers', () =>
    during({ enableDebuggingHandlers: false }, async (own) => {
      for (const path of ['/runningpods/', '/containerLogs/default/web/main', '/logs/', '/debug/pprof/', '/exec/a'])
        expect(await own.ask(path)).toMatchObject({ status: 405, body: 'Debug endpoints are disabled.\n' });
      for (const path of ['/configz', '/flagz', '/statusz', '/debug/flags/v', '/checkpoint/default/web/main'])
        expect(await own.ask(path)).toMatchObject({ status: 404 });
      expect(await own.ask('/pods')).toMatchObject({ status: 200 });
    }));

  test('without some debugging handlers', () =>
    during({ enableProfilingHandler: false, enableDebugFlagsHandler: false }, async (own) => {
      expect(await own.ask('/debug/pprof/heap')).toMatchObject({
        status: 405,
        body: 'profiling endpoint is disabled.\n',
      });
      expect(await own.ask('/debug/flags/v', { method: 'PUT' }, '5')).toMatchObject({
        status: 405,
        body: 'flags endpoint is disabled.\n',
      });
    }));

  test('an upgrade that nobody can give is no reason not to answer', () =>
    during({}, async (own) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket' };
      expect(await own.ask('/healthz', { headers })).toMatchObject({ status: 200, body: 'ok' });
    }));

  test('nobody in particular may be let in, but not with a bad token', () =>
    during(
      { authentication: { anonymous: { enabled: true } }, authorization: { mode: 'AlwaysAllow' } },
      async (own) => {
        expect(await own.ask('/healthz', nobody)).toMatchObject({ status: 200 });
        const bad = { ...nobody, headers: { authorization: 'Bearer bad' } };
        expect(await own.ask('/healthz', bad)).toMatchObject({ status: 401 });
      },
    ));

  test('without the API server nobody is let in', () =>
    during({}, async (own) => {
      own.breakApi();
      expect(await own.ask('/pods')).toMatchObject({
        status: 500,
        body: 'Authorization error (user=admin, verb=get, resource=nodes, subresource=pods)',
      });
      expect(await own.ask('/pods', { ...nobody, headers: { authorization: 'Bearer good' } })).toMatchObject({
        status: 401,
      });
    }));

  test('a stuck sync loop shows', () =>
    during({ authorization: { mode: 'AlwaysAllow' } }, async (own) => {
      own.breakApi();
      expect(await own.ask('/healthz')).toMatchObject({ status: 500 });
      expect((await own.ask('/healthz')).body).toContain('[-]syncloop failed: reason withheld');
      expect(await own.ask('/healthz?exclude=syncloop')).toMatchObject({ status: 200 });
    }));
});

test.each(['//[', 'http://[/pods', '//elsewhere/pods'])('a caller who asks for %s gets an answer', async (target) => {
  expect(await server.ask(target)).toMatchObject({ status: 404 });
  expect(await server.ask('/healthz')).toMatchObject({ status: 200 });
});
