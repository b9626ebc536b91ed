import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../base/clock.ts';
import { KlabError } from '../../base/errors.ts';
import { silentProgress } from '../../base/progress.ts';
import { aNode, anInput } from '../../bootstrap/testing.ts';
import type { Cni } from '../../config/model.ts';
import { addressInUse, engineFailed } from '../../engine/errors.ts';
import { type FakeCommand, type FakeEngine, type FakeEngineOptions, fakeEngine } from '../../engine/fake.ts';
import { type CreateClusterOptions, createCluster } from './index.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'klab-create-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Time that passes as soon as someone sleeps. */
function hurriedClock(): Clock {
  let now = Date.UTC(2026, 10, 23);
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const nodeImage = { 'klab/node:v1.37.2': { id: 'sha256:n', labels: { 'dev.klab.kubernetes-version': 'v1.37.2' } } };

/** A machine whose API server crashes again and again: no test waits for one that answers. */
const crashingApiServer: FakeCommand = (_node, argv) => {
  const script = argv.join(' ');
  if (script.includes('NRestarts')) return 'kubelet 0\netcd 0.log\nkube-apiserver 4.log\n';
  if (script.includes('kube-apiserver')) return 'unknown flag: --nope';
  return undefined;
};

const anEngine = (options: FakeEngineOptions = {}): FakeEngine =>
  fakeEngine({ images: nodeImage, command: crashingApiServer, ...options });

async function failureOf(engine: FakeEngine, changes: Partial<CreateClusterOptions> = {}): Promise<KlabError> {
  const error: unknown = await createCluster({
    engine,
    clock: hurriedClock(),
    progress: silentProgress,
    signal: new AbortController().signal,
    env: {},
    config: anInput().cluster,
    waitMs: 60_000,
    retain: false,
    kubeconfig: { flag: join(home, 'config'), home, cwd: home },
    ...changes,
  }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KlabError)) throw new Error(`did not fail as it should: ${error}`);
  return error;
}

const withCni = (cni: Cni) => anInput({ networking: { ...anInput().cluster.networking, cni } }).cluster;

const logsFolder = (error: KlabError): string => /logs are in (\S+)/.exec(error.hint ?? '')?.[1] ?? '';

test('an API server that crashes: its log, the saved logs, and nothing left behind', async () => {
  const engine = anEngine();
  const error = await failureOf(engine);
  expect(error).toMatchObject({ code: 'API_SERVER_NOT_READY', output: 'unknown flag: --nope' });
  const folder = logsFolder(error);
  expect(existsSync(join(folder, 'lab-worker/kubelet.log'))).toBe(true);
  rmSync(folder, { recursive: true });
  expect(engine.containers.size).toBe(0);
  expect(engine.done.slice(-2)).toEqual(['remove lab-worker', 'remove lab-control-plane']);
  expect(existsSync(join(home, 'config'))).toBe(false);
});

test('--retain keeps the nodes and says how to be rid of them', async () => {
  const engine = anEngine();
  const error = await failureOf(engine, { retain: true });
  rmSync(logsFolder(error), { recursive: true });
  expect([...engine.containers.keys()].sort()).toEqual(['lab-control-plane', 'lab-worker']);
  expect(error.hint).toContain('klab delete cluster --name lab');
});

test("only the control plane's files are placed before the API server answers", async () => {
  const engine = anEngine();
  rmSync(logsFolder(await failureOf(engine, { retain: true })), { recursive: true });
  const files = (node: string) => [...(engine.containers.get(node)?.files.keys() ?? [])];
  expect(files('lab-control-plane')).toContain('/etc/kubernetes/manifests/kube-apiserver.yaml');
  expect(files('lab-worker')).toEqual([]);
});

test('Ctrl-C: everything is removed, no logs are saved', async () => {
  const controller = new AbortController();
  const engine = anEngine({
    command: (_node, argv) => {
      if (argv[0] === 'systemctl') controller.abort(new DOMException('interrupted', 'AbortError'));
      return undefined;
    },
  });
  const error = await failureOf(engine, { signal: controller.signal });
  expect(error).toMatchObject({ code: 'INTERRUPTED', hint: 'everything that was made has been removed' });
  expect(engine.containers.size).toBe(0);
});

test('addresses that another cluster took in the meantime: made again with others', async () => {
  let first = true;
  const engine = anEngine({
    refuse: ({ name, ipv4Address }) => {
      if (name !== 'lab-worker' || !first) return undefined;
      first = false;
      return addressInUse(name, ipv4Address ?? '', undefined);
    },
  });
  rmSync(logsFolder(await failureOf(engine, { retain: true })), { recursive: true });
  const addresses = [...engine.containers.values()].map(({ spec }) => spec.ipv4Address);
  expect(addresses.sort()).toEqual(['172.18.0.4', '172.18.0.5']);
});

test('a node that cannot be started takes the others with it', async () => {
  const engine = anEngine({
    refuse: ({ name }) => (name === 'lab-worker' ? engineFailed(`cannot start ${name}`, 'no space left') : undefined),
  });
  const error = await failureOf(engine);
  rmSync(logsFolder(error), { recursive: true });
  expect(engine.containers.size).toBe(0);
});

test.each<[string, Partial<CreateClusterOptions>, FakeEngineOptions, string]>([
  ['an image that cannot be had', {}, { images: {} }, 'IMAGE_NOT_AVAILABLE'],
  ['an image of something else', {}, { images: { 'klab/node:v1.37.2': { id: 'x', labels: {} } } }, 'NOT_A_NODE_IMAGE'],
  [
    'a mount without a source',
    {
      config: anInput({
        nodes: [
          aNode('lab-control-plane', 'control-plane', {
            extraMounts: [
              {
                hostPath: '/no/such/folder',
                containerPath: '/x',
                readOnly: false,
                selinuxRelabel: false,
                propagation: 'None',
              },
            ],
          }),
        ],
      }).cluster,
    },
    {},
    'MOUNT_MISSING',
  ],
  [
    'a network’s manifest that is not there',
    { config: withCni({ kind: 'manifest', source: '/no/such/calico.yaml' }) },
    {},
    'CNI_MANIFEST_UNREADABLE',
  ],
  [
    'a network’s manifest that is none, on standard input',
    { config: withCni({ kind: 'manifest', source: '-' }), stdin: async () => 'kind: Pod\n' },
    {},
    'CNI_MANIFEST_INVALID',
  ],
  [
    'Calico without network and cache',
    {
      config: withCni({ kind: 'calico' }),
      env: { KLAB_CALICO_URL: 'http://127.0.0.1:1/', KLAB_CACHE_DIR: '/nowhere' },
    },
    {},
    'CNI_DOWNLOAD_FAILED',
  ],
])('%s: refused before anything is made', async (_name, changes, options, code) => {
  const engine = anEngine(options);
  expect((await failureOf(engine, changes)).code).toBe(code);
  expect(engine.done).toEqual([]);
});

test('a pod network that overlaps with the nodes’ own', async () => {
  const config = anInput({ networking: { ...anInput().cluster.networking, podSubnet: '172.18.0.0/17' } }).cluster;
  expect((await failureOf(anEngine(), { config })).message).toContain('networking.podSubnet 172.18.0.0/17');
});

test('a name that is taken', async () => {
  const engine = anEngine();
  await engine.runContainer({
    name: 'lab-control-plane',
    image: 'x',
    kind: 'machine',
    labels: { 'io.x-k8s.klab.cluster': 'lab' },
  });
  const error = await failureOf(engine);
  expect(error).toMatchObject({ code: 'CLUSTER_EXISTS', hint: expect.stringContaining('--name lab') });
  expect(engine.containers.size).toBe(1);
});
