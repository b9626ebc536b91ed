import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alignColumns } from '../../src/cli/columns.ts';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { klab, mustKlab, root } from '../harness/run.ts';

/** With UPDATE_DOCS=1, the pictures in docs/ are taken anew. */
const updateDocs = process.env.UPDATE_DOCS === '1';

let cluster: Cluster;
let node = '';
let ns = '';
let remove: () => Promise<void>;
let folder = '';
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  folder = mkdtempSync(join(tmpdir(), 'klab-watch-'));
  ({ name: ns, remove } = await cluster.namespace('watch'));
});
afterAll(async () => {
  for (const each of running) each.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  await remove?.();
});

const pod = (name: string, script: string, more: object = {}, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'docker.io/library/busybox:1.37',
        imagePullPolicy: 'Never',
        command: ['sh', '-c', script],
        ...more,
      },
    ],
    ...spec,
  },
});

const asUser = (...args: string[]) => [...args, '--kubeconfig', cluster.kubeconfig];

/** klab as a process that goes on, and what it printed so far. */
function start(args: readonly string[], command = `${root}/bin/klab`) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = once(child, 'exit').then(([code]: number[]) => {
    running.delete(child);
    return code;
  });
  const seen = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    seen.stderr += text;
  });
  return { child, seen, ended };
}

interface Told {
  readonly kind: string;
  readonly node: string;
  readonly pod?: string;
  readonly operation?: string;
}
const recordsOf = (text: string): Told[] =>
  text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Told);

describe('in a pipe', () => {
  test('a pod is watched from before it is there until it is gone', async () => {
    const { child, seen, ended } = start(asUser('watch', node, `${ns}/brief`, '-o', 'json'));
    await cluster.apply(pod('brief', 'exit 0', {}, { restartPolicy: 'Never' }));
    await eventually('the end of the pod', async () =>
      recordsOf(seen.stdout).some(({ kind }) => kind === 'runtime.podEvent') ? true : undefined,
    );
    await cluster.kubectl(['-n', ns, 'delete', 'pod', 'brief']);
    const kinds = await eventually('its removal', async () => {
      const told = recordsOf(seen.stdout).map(({ kind }) => kind);
      return recordsOf(seen.stdout).some(({ operation }) => operation === 'REMOVE') ? told : undefined;
    });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(kinds[0]).toBe('pod.changed');
    expect(kinds).toEqual(expect.arrayContaining(['pod.decided', 'pod.sandboxCreated', 'pod.containerStarted']));
    expect(new Set(recordsOf(seen.stdout).map((told) => told.node))).toEqual(new Set([node]));
  });

  test('a kubelet that starts anew is watched on', async () => {
    const { child, seen, ended } = start(asUser('watch', node, '-o', 'json'));
    await eventually('records', async () => (recordsOf(seen.stdout).length > 0 ? true : undefined));
    const before = recordsOf(seen.stdout).length;
    await cluster.onNode(node, ['systemctl', 'restart', 'kubelet']);
    await eventually('the new kubelet', async () =>
      recordsOf(seen.stdout)
        .slice(before)
        .some(({ kind }) => kind === 'node.kubeletStarted')
        ? true
        : undefined,
    );
    child.kill('SIGINT');
    await ended;
    expect(seen.stderr).toContain(`${node}: no connection`);
    await cluster.kubectl(['wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s']);
  });

  test('all nodes at once, as lines', async () => {
    const text = await mustKlab(asUser('watch', '--once'));
    for (const each of ['control-plane', 'worker', 'worker2']) expect(text).toContain(`  ${cluster.name}-${each}  `);
    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}\S+ {2}\S+ {2}(did|desired|decided|observed|probed|node)/m);
  });
});

describe('klab explain pod', () => {
  const why = async (name: string) => {
    const text = await mustKlab(asUser('explain', 'pod', name, '--namespace', ns, '-o', 'json'));
    return (JSON.parse(text) as { why: string[] }).why.join(' ');
  };

  test.each<[string, () => object, RegExp]>([
    ['ends', () => pod('ends', 'exit 7'), /Container main ends again and again .* It exited with 7 the last time/],
    ['imageless', () => pod('imageless', 'true', { image: 'docker.io/library/nothing:1' }), /waits: ErrImageNeverPull/],
    [
      'unready',
      () => pod('unready', 'sleep 900', { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } }),
      /runs but is not ready: readiness probe of main: failure/,
    ],
    [
      'nowhere',
      () => pod('nowhere', 'true', {}, { nodeName: undefined, nodeSelector: { no: 'such' } }),
      /^No node takes it: 0\/3 nodes are available/,
    ],
    [
      'volumeless',
      () => pod('volumeless', 'true', {}, { volumes: [{ name: 'v', configMap: { name: 'absent' } }] }),
      /not started yet\. Last trouble: .*"absent" not found/,
    ],
    ['well', () => pod('well', 'sleep 900'), /^It runs and is ready\.$/],
  ])('%s', async (name, manifest, expected) => {
    await cluster.apply(manifest());
    const answer = await eventually(`why ${name} is as it is`, async () => {
      const text = await why(name);
      return expected.test(text) ? text : undefined;
    });
    expect(answer).toMatch(expected);
  });

  test('a pod that is gone is told as far as its kubelet remembers', async () => {
    await cluster.apply(pod('gone', 'sleep 900'));
    await cluster.kubectl(['-n', ns, 'wait', '--for=condition=Ready', 'pod/gone', '--timeout=60s']);
    await cluster.kubectl(['-n', ns, 'delete', 'pod', 'gone']);
    const text = await mustKlab(asUser('explain', 'pod', `${ns}/gone`));
    expect(text).toMatch(/Phase: {2}gone[\s\S]*ADD from api[\s\S]*REMOVE from api/);
  });
});

test('who may not read nodes may not watch, and is told so', async () => {
  await cluster.kubectl(['-n', ns, 'create', 'serviceaccount', 'stranger']);
  const token = (await cluster.kubectl(['-n', ns, 'create', 'token', 'stranger'])).trim();
  const { clusters } = await cluster.json<{ clusters: { cluster: object }[] }>(['config', 'view', '--raw']);
  const path = join(folder, 'stranger');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'a', cluster: clusters[0]?.cluster }],
    users: [{ name: 'a', user: { token } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  const refused = await klab(['watch', node, '--kubeconfig', path]);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('stranger') });
  await cluster.kubectl(['create', 'clusterrole', `${ns}-nodes`, '--verb=get,list', '--resource=nodes']);
  await cluster.kubectl([
    'create',
    'clusterrolebinding',
    `${ns}-nodes`,
    `--clusterrole=${ns}-nodes`,
    `--serviceaccount=${ns}:stranger`,
  ]);
  try {
    const stillRefused = await eventually('the right to list nodes', async () => {
      const answer = await klab(['watch', node, '--kubeconfig', path]);
      return answer.stderr.includes('nodes/proxy') ? answer : undefined;
    });
    expect(stillRefused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await klab(['watch', '--web', node, '--kubeconfig', path])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('nodes/proxy'),
    });
  } finally {
    await cluster.kubectl(['delete', 'clusterrolebinding,clusterrole', `${ns}-nodes`]);
  }
});

test('at a terminal it fills the screen, obeys keys, and leaves the screen as it was', async () => {
  await cluster.apply(pod('shown', 'sleep 900'));
  await cluster.kubectl(['-n', ns, 'wait', '--for=condition=Ready', 'pod/shown', '--timeout=60s']);
  const command = `stty rows 30 cols 120; exec '${root}/bin/klab' watch ${node} --kubeconfig '${cluster.kubeconfig}'`;
  const script = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let written = '';
  script.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  const exited = once(script, 'exit');
  const shows = (expected: RegExp) =>
    eventually(`a screen with ${expected}`, async () =>
      expected.test(screenOf(written)) ? screenOf(written) : undefined,
    );
  try {
    await shows(new RegExp(`POD +NODE +PHASE[\\s\\S]*${ns}/shown`));
    script.stdin.write('/');
    await shows(/^filter: /m);
    script.stdin.write(`${ns}/shown`);
    script.stdin.write('\r');
    const screen = await shows(/createSandbox \(because no pod sandbox exists\)/);
    expect(screen).not.toContain('kube-proxy');
    expect(screen.split('\n').length).toBeLessThanOrEqual(30);
    if (updateDocs)
      writeFileSync(
        `${root}/docs/watch-terminal.txt`,
        `${aligned(screen.replaceAll(ns, 'default').replaceAll(cluster.name, 'lab')).trimEnd()}\n`,
      );
    script.stdin.write(' ');
    await shows(/^held, \d+ new/m);
    script.stdin.write('q');
    expect((await exited)[0]).toBe(0);
    expect(written.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(written.lastIndexOf('\u001b[?1049h'));
  } finally {
    script.kill('SIGKILL');
  }
});

const escapeCodes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');

/** A screen whose table lost its alignment when names in it were replaced. */
function aligned(screen: string): string {
  const lines = screen.split('\n');
  const from = lines.findIndex((line) => line.startsWith('POD '));
  const to = lines.indexOf('', from);
  const rows = alignColumns(lines.slice(from, to).map((line) => line.split(/ {2,}/)));
  return [...lines.slice(0, from), ...rows, ...lines.slice(to)].join('\n');
}

/** What the last frame shows: each is written from the upper left corner on, line by line. */
const screenOf = (written: string): string =>
  (written.split('\u001b[H').at(-1) ?? '').replace(escapeCodes, '').replaceAll('\r', '');

describe('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  /** Serves the watch and answers the address that it prints. */
  async function serve(...args: string[]) {
    const served = start(asUser('watch', '--web', ...args));
    const url = await eventually('the address', async () => /http:\S+/.exec(served.seen.stdout)?.[0]);
    return { ...served, url };
  }

  const statusOf = (url: string, headers: Record<string, string> = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(url, { headers }, (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end();
    });

  test('shows each pod with its timeline and story, live', async () => {
    const { child, ended, url } = await serve(node);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(url);
    // The token does not stay in the address, where it would be copied and remembered.
    expect(page.url()).not.toContain('token');
    await cluster.apply(
      pod('paged', 'touch /tmp/ready; sleep 900', {
        readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, periodSeconds: 1 },
      }),
    );
    await page.getByRole('button', { name: `${ns}/paged` }).click();
    for (const lane of ['sandbox*', 'create', 'start', 'probe']) {
      await page.locator('.lane', { hasText: lane }).locator('.bar').first().waitFor();
    }
    await page.getByRole('cell', { name: 'createSandbox because no pod sandbox exists' }).waitFor();
    await page.getByRole('heading', { name: `${ns}/paged Running` }).waitFor();
    if (updateDocs) await page.screenshot({ path: `${root}/docs/watch.png` });

    await page.getByRole('button', { name: 'Hold' }).click();
    await cluster.kubectl(['-n', ns, 'delete', 'pod', 'paged']);
    expect(await page.getByRole('cell', { name: 'REMOVE from api' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('cell', { name: 'REMOVE from api' }).waitFor();

    await page.getByRole('searchbox').fill('no such words');
    await eventually('an empty list', async () =>
      (await page.locator('nav button').count()) === 0 ? true : undefined,
    );
    child.kill('SIGINT');
    await ended;
    await page
      .getByRole('status')
      .filter({ hasText: /has ended|does not answer|interrupted/ })
      .waitFor();
    expect(problems.filter((problem) => !problem.includes('ERR_'))).toEqual([]);
    await page.close();
  });

  test('only who has the token may read it, by this machine’s own names, on 127.0.0.1', async () => {
    const { child, ended, url } = await serve();
    const { origin, port, searchParams } = new URL(url);
    const cookie = `klab-watch-${port}=${searchParams.get('token')}`;
    expect(origin).toBe(`http://127.0.0.1:${port}`);
    expect(await statusOf(`${origin}/`)).toBe(403);
    expect(await statusOf(`${origin}/about`)).toBe(403);
    expect(await statusOf(`${origin}/events`)).toBe(403);
    expect(await statusOf(`${origin}/?token=wrong`)).toBe(403);
    expect(await statusOf(`${origin}/about`, { cookie })).toBe(200);
    expect(await statusOf(`${origin}/nothing`, { cookie })).toBe(404);
    expect(await statusOf(`${origin}/about`, { cookie, host: `evil.example:${port}` })).toBe(400);
    expect(await listeners(port)).toBe(`127.0.0.1:${port}`);
    child.kill('SIGINT');
    await ended;
  });
});

/** The addresses on which this machine listens on the port. */
const listeners = async (port: string): Promise<string> => {
  const { stdout } = await execa('ss', ['-Hltn', `sport = :${port}`]);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[3] ?? '')
    .join(' ');
};
