import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KlabError } from '../../base/errors.ts';
import { FakeUseCases, runLine } from '../fake.ts';

const KIND = 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n';

function withClusters(...names: string[]): FakeUseCases {
  const useCases = new FakeUseCases();
  useCases.clusters = names.map((name) => ({ name, workers: 1 }));
  return useCases;
}

describe('create', () => {
  test.each(['create', 'create cluster'])('klab %s: every default, and what to type next', async (line) => {
    const useCases = new FakeUseCases();
    const ran = await runLine(line, { useCases });
    expect(ran).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringContaining('kubectl cluster-info --context klab-klab\n'),
    });
    expect(useCases.created).toEqual([
      {
        config: expect.objectContaining({ name: 'klab', nodes: [expect.objectContaining({ image: undefined })] }),
        waitMs: 300_000,
        retain: false,
        kubeconfig: { flag: undefined, env: undefined, home: '/home/me', cwd: '/here' },
      },
    ]);
  });

  test('flags reach the use case', async () => {
    const useCases = new FakeUseCases();
    const line = 'create --name lab --image my/node:1 --wait 1m30s --retain --kubeconfig k';
    const { stderr } = await runLine(line, { useCases, env: { KUBECONFIG: '/a:/b' } });
    expect(useCases.created[0]).toMatchObject({
      config: { name: 'lab', nodes: [{ name: 'lab-control-plane', image: 'my/node:1' }] },
      waitMs: 90_000,
      retain: true,
      kubeconfig: { flag: 'k', env: '/a:/b' },
    });
    expect(stderr).toContain('--context klab-lab --kubeconfig k');
  });

  test('a configuration from standard input; without a network that is said', async () => {
    const useCases = new FakeUseCases();
    const stdin = `${KIND}name: in\nnodes: [{}, {role: worker}]\nnetworking: {disableDefaultCNI: true}\n`;
    const { stderr } = await runLine('create --config -', { useCases, stdin });
    expect(useCases.created[0]?.config.nodes.map((node) => node.name)).toEqual(['in-control-plane', 'in-worker']);
    expect(stderr).toContain('No network was installed');
  });

  test('--cni beats the file; - is read from standard input', async () => {
    const useCases = new FakeUseCases();
    await runLine('create --cni calico', { useCases });
    await runLine('create --cni -', { useCases, stdin: 'its manifest' });
    expect(useCases.created.map(({ config }) => config.networking.cni)).toEqual([
      { kind: 'calico' },
      { kind: 'manifest', source: '-' },
    ]);
    expect(await useCases.created[1]?.stdin?.()).toBe('its manifest');
    const { exitCode, stderr } = await runLine('create --cni - --config -', { useCases });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('both --config and --cni') });
  });

  test.each([
    ['the file', {}, 'create --config -', 'file'],
    ["kind's variable beats the file", { KIND_CLUSTER_NAME: 'kinds' }, 'create --config -', 'kinds'],
    [
      "klab's variable beats kind's",
      { KIND_CLUSTER_NAME: 'a', KLAB_CLUSTER_NAME: 'klabs' },
      'create --config -',
      'klabs',
    ],
    ['the flag beats all', { KLAB_CLUSTER_NAME: 'klabs' }, 'create --config - -n flag', 'flag'],
  ])('its name: %s', async (_name, env, line, want) => {
    const useCases = new FakeUseCases();
    await runLine(line, { useCases, env, stdin: `${KIND}name: file\n` });
    expect(useCases.created[0]?.config.name).toBe(want);
  });

  test('as JSON: the result on stdout with the time of each step, the talk in JSON lines', async () => {
    const { stdout, stderr } = await runLine('create -o json');
    expect(JSON.parse(stdout)).toEqual({
      name: 'klab',
      kubeconfigPath: '/home/me/.kube/config',
      context: 'klab-klab',
      apiServer: 'https://127.0.0.1:40001',
      nodes: ['klab-control-plane'],
      steps: [{ step: 'Starting nodes', ms: 1234 }],
    });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['stepStarted', 'stepDetail', 'stepEnded']);
  });

  test('a bad configuration: every problem, and nothing is made', async () => {
    const useCases = new FakeUseCases();
    const stdin = `${KIND}nodes: [{role: wroker}]\nnetworking: {podSubnet: 10.1.0.0}\n`;
    const ran = await runLine('create --config -', { useCases, stdin });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(
      /^ERROR: 2 problems in stdin:\n {2}stdin:3 {2}nodes\[0\].role .*\n {2}stdin:4 {2}networking/,
    );
    expect(useCases.created).toEqual([]);
  });

  test('relative paths are taken from the working folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'klab-cli-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'c.yaml'), `${KIND}nodes: [{extraMounts: [{hostPath: data, containerPath: /d}]}]\n`);
    const useCases = new FakeUseCases();
    await runLine(`create -c ${join(folder, 'c.yaml')}`, { useCases });
    expect(useCases.created[0]?.config.nodes[0]?.extraMounts[0]?.hostPath).toBe('/here/data');
  });

  test('failure: message, output and hint on stderr, exit code 1', async () => {
    const useCases = new FakeUseCases();
    useCases.failure = new KlabError('NODE_NOT_READY', 'node klab-worker is not ready', {
      output: 'line one\nline two\n',
      hint: 'see the logs in /tmp/x',
    });
    const ran = await runLine('create', { useCases });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toBe(
      ' • Starting nodes …\n ✗ Starting nodes (1.2 s)\n' +
        'ERROR: node klab-worker is not ready\n  line one\n  line two\nHint: see the logs in /tmp/x\n',
    );
  });
});

describe('delete', () => {
  test.each(['delete --name a', 'delete cluster -n a'])('klab %s', async (line) => {
    const useCases = withClusters('a', 'b');
    const ran = await runLine(line, { useCases });
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'Deleted cluster a: a-control-plane, a-worker\n' });
    expect(useCases.clusters.map(({ name }) => name)).toEqual(['b']);
  });

  test('a cluster that does not exist is an error that names those that do', async () => {
    const ran = await runLine('delete --name nope', { useCases: withClusters('a') });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toBe('ERROR: there is no cluster "nope"\nHint: there are: a\n');
  });

  test('clusters: those that do not exist are passed over', async () => {
    const useCases = withClusters('a', 'b');
    const ran = await runLine('delete clusters a nope', { useCases });
    expect(ran.exitCode).toBe(0);
    expect(useCases.clusters.map(({ name }) => name)).toEqual(['b']);
  });

  test('clusters --all: one that cannot be deleted does not save the others, and is a failure', async () => {
    const useCases = withClusters('a', 'stuck', 'b');
    const ran = await runLine('delete clusters --all', { useCases });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain('stuck: it is stuck\n');
    expect(ran.stderr).toContain('ERROR: could not delete stuck\n');
    expect(useCases.clusters.map(({ name }) => name)).toEqual(['stuck']);
  });

  test('clusters: none named', async () => {
    const ran = await runLine('delete clusters');
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ERROR: no cluster was named') });
  });
});

describe('get', () => {
  test.each([
    ['clusters', 'get clusters', 'a\nb\n'],
    ['nodes', 'get nodes --name b', 'b-control-plane\nb-worker\n'],
    ['nodes of all', 'get nodes -A', 'a-control-plane\na-worker\nb-control-plane\nb-worker\n'],
    ['kubeconfig', 'get kubeconfig --name b', '# b internal=false\n'],
    ['internal kubeconfig', 'get kubeconfig --internal', '# klab internal=true\n'],
  ])('%s: results and nothing else on stdout', async (_name, line, stdout) => {
    expect(await runLine(line, { useCases: withClusters('a', 'b') })).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  test.each([
    ['clusters', 'get clusters', 'No klab clusters found.\n'],
    ['nodes', 'get nodes --name x', 'No klab nodes found for cluster "x".\n'],
    ['nodes of all', 'get nodes -A', 'No klab nodes found.\n'],
  ])('no %s: said on stderr, no error', async (_name, line, stderr) => {
    expect(await runLine(line)).toEqual({ exitCode: 0, stdout: '', stderr });
  });

  test('as JSON', async () => {
    const useCases = withClusters('a');
    expect(JSON.parse((await runLine('get clusters -o json', { useCases })).stdout)).toEqual([{ name: 'a', nodes: 2 }]);
    expect(JSON.parse((await runLine('get nodes -n a --output=json', { useCases })).stdout)[1]).toEqual({
      name: 'a-worker',
      cluster: 'a',
      role: 'worker',
      state: 'running',
      image: 'klab/node:test',
      address: '172.18.0.3',
    });
    expect((await runLine('get clusters -o json')).stdout).toBe('[]\n');
  });
});

describe('exec', () => {
  test('everything after -- is the command, and its exit code is klab’s', async () => {
    const useCases = new FakeUseCases();
    useCases.exitCode = 42;
    const ran = await runLine(['exec', 'lab-worker', '--', 'ls', '-la', '--help', '-v', '3'], { useCases });
    expect(ran).toEqual({ exitCode: 42, stdout: '', stderr: '' });
    expect(useCases.executed).toEqual([
      { node: 'lab-worker', argv: ['ls', '-la', '--help', '-v', '3'], io: { stdin: true, tty: false } },
    ]);
  });

  test.each([
    ['a terminal is passed on', 'exec n -- sh', true, { stdin: true, tty: true }],
    ['unless that is not wanted', 'exec --tty never n -- sh', true, { stdin: true, tty: false }],
    ['or is wanted all the same', 'exec --tty always n -- sh', false, { stdin: true, tty: true }],
    ['without standard input', 'exec --stdin never n -- sh', false, { stdin: false, tty: false }],
  ])('%s', async (_name, line, atTerminal, io) => {
    const useCases = new FakeUseCases();
    await runLine(line, { useCases, atTerminal });
    expect(useCases.executed).toEqual([{ node: 'n', argv: ['sh'], io }]);
  });

  test.each([
    ['no command', 'exec n', /^ERROR: klab exec needs NODE -- COMMAND…/],
    ['a flag of the command before --', 'exec n ls -l', /Hint: put -- before the command/],
  ])('%s', async (_name, line, stderr) => {
    expect(await runLine(line)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(stderr) });
  });

  test('Ctrl-C leaves at once', async () => {
    const stop = new AbortController();
    const useCases = new FakeUseCases();
    useCases.execInNode = () => new Promise(() => undefined);
    const ran = runLine('exec n -- sleep 9d', { useCases, signal: stop.signal });
    stop.abort();
    expect((await ran).exitCode).toBe(130);
  });
});

describe('load', () => {
  test.each(['load image a:1 b:2', 'load docker-image a:1 b:2'])('%s', async (line) => {
    const useCases = new FakeUseCases();
    const ran = await runLine(`${line} --nodes klab-worker,klab-worker2`, { useCases });
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'Loaded a:1, b:2 into klab-worker, klab-worker2\n' });
    expect(useCases.loaded).toEqual([
      { cluster: 'klab', sources: ['a:1', 'b:2'], nodes: ['klab-worker', 'klab-worker2'] },
    ]);
  });

  test.each(['load archive x.tar', 'load image-archive x.tar'])('%s', async (line) => {
    const useCases = new FakeUseCases();
    await runLine(`${line} --name lab`, { useCases });
    expect(useCases.loaded).toEqual([{ cluster: 'lab', sources: ['/here/x.tar'], nodes: [] }]);
  });

  test('nothing to load', async () => {
    expect(await runLine('load image')).toMatchObject({
      exitCode: 1,
      stderr: 'ERROR: klab load image needs IMAGE…\nHint: klab load image --help shows how it is used\n',
    });
  });
});

describe('export', () => {
  test('logs: only the path is printed', async () => {
    const useCases = new FakeUseCases();
    expect((await runLine('export logs out --name lab', { useCases })).stdout).toBe('/here/out\n');
    expect(useCases.calls).toEqual([['exportLogs', 'lab', '/here/out']]);
  });

  test('logs without a folder: a new one', async () => {
    const folder = (await runLine('export logs')).stdout.trimEnd();
    onTestFinished(() => rm(folder, { recursive: true }));
    expect(folder).toMatch(/klab-logs-\w+$/);
  });

  test('kubeconfig', async () => {
    const useCases = new FakeUseCases();
    const ran = await runLine('export kubeconfig --name lab --internal --kubeconfig k', { useCases });
    expect(ran).toEqual({ exitCode: 0, stdout: '', stderr: 'Set kubectl context to "klab-lab" in k\n' });
    expect(useCases.calls).toEqual([['exportKubeconfig', 'lab', true]]);
  });
});

describe('build node-image', () => {
  test('prints the name', async () => {
    expect(await runLine('build node-image')).toEqual({ exitCode: 0, stdout: 'klab/node:test\n', stderr: '' });
  });

  test('as JSON, with the parts', async () => {
    const { stdout } = await runLine('build node-image --image a:b --without upstream-kubelet -o json');
    expect(JSON.parse(stdout)).toEqual({ image: 'a:b', parts: [{ name: 'upstream-kubelet', ms: 5, cached: false }] });
  });
});

describe('version', () => {
  test.each([
    ['version', /^klab v\d+\.\d+\.\d+ node v24\S+ linux\/\w+\n$/],
    ['version -q', /^\d+\.\d+\.\d+\n$/],
    ['--version', /^klab version \d+\.\d+\.\d+\n$/],
  ])('klab %s', async (line, stdout) => {
    expect(await runLine(line)).toEqual({ exitCode: 0, stdout: expect.stringMatching(stdout), stderr: '' });
  });
});
