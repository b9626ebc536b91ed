// klab's own network beside another: throughput and latency between pods. Usage: see bench/README.md
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import * as z from 'zod';
import { buildStandIn, removeStandIn, standInImages } from '../e2e/cni/stand-in/images.ts';
import { standInManifest } from '../e2e/cni/stand-in/manifest.ts';
import { kubeApi } from '../src/api/client.ts';
import { parseKubeconfig } from '../src/api/kubeconfig.ts';
import type { KubeApi } from '../src/api/port.ts';
import type { Node, Pod, Service } from '../src/api/types.ts';
import { systemClock } from '../src/base/clock.ts';
import { runCommand } from '../src/base/exec.ts';
import { waitUntil } from '../src/base/wait-until.ts';
import { defaultNodeImage } from '../src/image/index.ts';
import { type NetworkSamples, renderNetworkTable } from './network/table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const klab = (...args: readonly string[]) => runCommand(join(root, 'bin/klab'), args);
const tell = (text: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

const namespace = 'default';
const podsPath = `/api/v1/namespaces/${namespace}/pods`;
const workers = ['worker', 'worker2'] as const;
type Place = (typeof workers)[number];

interface Lab {
  readonly name: string;
  readonly api: KubeApi;
}

/** A pod with Node on it: the node's own, on its libraries. */
const programPod = (name: string, node: string, argv: readonly string[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'docker.io/library/busybox:1.37',
        imagePullPolicy: 'Never',
        command: ['/usr/lib/klab/bin/node', '/program/program.cjs', ...argv],
        volumeMounts: [
          { name: 'usr', mountPath: '/usr', readOnly: true },
          { name: 'lib', mountPath: '/lib', readOnly: true },
          { name: 'lib64', mountPath: '/lib64', readOnly: true },
          { name: 'program', mountPath: '/program', readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'usr', hostPath: { path: '/usr', type: 'Directory' } },
      { name: 'lib', hostPath: { path: '/usr/lib', type: 'Directory' } },
      { name: 'lib64', hostPath: { path: '/usr/lib64', type: 'Directory' } },
      { name: 'program', hostPath: { path: '/root/klab-bench', type: 'Directory' } },
    ],
    restartPolicy: 'Never',
  },
});

async function placeProgram(name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'klab-network-'));
  const outfile = join(folder, 'program.cjs');
  const entry = fileURLToPath(new URL('network/pod-program.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs' });
  for (const worker of workers) {
    await runCommand('docker', ['exec', `${name}-${worker}`, 'mkdir', '-p', '/root/klab-bench']);
    await runCommand('docker', ['cp', outfile, `${name}-${worker}:/root/klab-bench/program.cjs`]);
  }
  rmSync(folder, { recursive: true });
}

async function untilPod<T>({ api }: Lab, name: string, look: (pod: Pod) => T | undefined): Promise<T> {
  let found: T | undefined;
  const result = await waitUntil(
    async () => {
      const pod = await api.get<Pod>(`${podsPath}/${name}`);
      if (pod.status?.phase === 'Failed') throw new Error(await api.raw(`${podsPath}/${name}/log`));
      found = look(pod);
      return found !== undefined || `pod ${name} is ${pod.status?.phase}`;
    },
    { clock: systemClock, everyMs: 100, timeoutMs: 120_000 },
  );
  if (result.kind === 'timedOut' || found === undefined) throw new Error(`pod ${name} did not get ready`);
  return found;
}

/** Runs a measure in a pod of its own and answers what it printed. */
async function measure<T>(lab: Lab, place: Place, argv: readonly string[], shape: z.ZodType<T>): Promise<T> {
  const { api, name } = lab;
  await api.create(podsPath, programPod('measure', `${name}-${place}`, argv));
  await untilPod(lab, 'measure', (pod) => (pod.status?.phase === 'Succeeded' ? true : undefined));
  const said = await api.raw(`${podsPath}/measure/log`);
  await api.delete(`${podsPath}/measure`);
  return shape.parse(JSON.parse(said));
}

async function measureNetwork(lab: Lab, network: string, rounds: number): Promise<NetworkSamples> {
  const { api, name } = lab;
  await placeProgram(name);
  await api.create(podsPath, programPod('server', `${name}-worker`, ['serve']));
  const address = await untilPod(lab, 'server', ({ status }) =>
    status?.phase === 'Running' ? status.podIP : undefined,
  );
  const service = await api.create<Service>(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: 'server' },
    spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const serviceAddress = service.spec?.clusterIP ?? '';
  const number = z.number();
  const numbers = z.array(number);
  const samples = {
    network,
    throughputAcross: [] as number[],
    throughputNear: [] as number[],
    echoAcross: [] as number[][],
    podAcross: [] as number[][],
    serviceAcross: [] as number[][],
  };
  for (let round = 1; round <= rounds; round += 1) {
    tell(`${network}: round ${round} of ${rounds}`);
    samples.throughputAcross.push(await measure(lab, 'worker2', ['throughput', address, '5000'], number));
    samples.throughputNear.push(await measure(lab, 'worker', ['throughput', address, '5000'], number));
    samples.echoAcross.push(await measure(lab, 'worker2', ['echo', address, '3000'], numbers));
    samples.podAcross.push(await measure(lab, 'worker2', ['http', address, '1500'], numbers));
    samples.serviceAcross.push(await measure(lab, 'worker2', ['service', serviceAddress, '1500'], numbers));
  }
  return samples;
}

/** Installs the tests' stand-in for Calico: routes between nodes, without an overlay. */
async function installStandIn({ name, api }: Lab, folder: string): Promise<void> {
  const { items } = await api.list<Node>('/api/v1/nodes');
  const nodes = items.map(({ metadata, spec, status }) => ({
    name: metadata?.name ?? '',
    podRange: spec?.podCIDR ?? '',
    address: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
  }));
  const manifest = join(folder, 'calico.yaml');
  writeFileSync(manifest, standInManifest(nodes));
  await buildStandIn(defaultNodeImage);
  await klab('load', 'docker-image', ...standInImages, '--name', name);
  await klab('cni', 'apply', 'calico', '--manifest', manifest, '--name', name);
}

async function withCluster<T>(cni: 'default' | 'none', act: (lab: Lab, folder: string) => Promise<T>): Promise<T> {
  const name = `bench-net-${cni}`;
  const folder = mkdtempSync(join(tmpdir(), 'klab-network-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const file = join(folder, 'cluster.json');
  const nodes = [{ role: 'control-plane' }, { role: 'worker' }, { role: 'worker' }];
  writeFileSync(file, JSON.stringify({ kind: 'Cluster', apiVersion: 'klab.dev/v1alpha1', nodes }));
  try {
    tell(`making cluster ${name}`);
    await klab('create', 'cluster', '--name', name, '--config', file, '--cni', cni, '--kubeconfig', kubeconfig);
    const access = parseKubeconfig(readFileSync(kubeconfig, 'utf8'), kubeconfig);
    const api = kubeApi({ ...access, userAgent: 'klab-bench' });
    try {
      return await act({ name, api }, folder);
    } finally {
      api.closeConnections();
    }
  } finally {
    await klab('delete', 'clusters', name, '--kubeconfig', kubeconfig);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, out: { type: 'string' } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds} is not a number of rounds`);
  const own = await withCluster('default', (lab) => measureNetwork(lab, "klab's own network", rounds));
  const other = await withCluster('none', async (lab, folder) => {
    await installStandIn(lab, folder);
    return measureNetwork(lab, "the tests' stand-in for Calico", rounds);
  }).finally(removeStandIn);
  const table = renderNetworkTable([own, other]);
  process.stdout.write(table);
  if (values.out === undefined) return;
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'network.json'), `${JSON.stringify([own, other])}\n`);
  writeFileSync(join(values.out, 'network.md'), table);
}

await main();
