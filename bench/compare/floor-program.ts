/**
 * Runs on a node, bundled: what the runtime alone needs for the pods of the bench. Prints the milliseconds as JSON.
 * Usage: floor.cjs ENDPOINT IMAGE COUNT
 */
import { mkdirSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { ContainerConfig, PodSandboxConfig } from '../../src/cri/generated/api.ts';
import { grpcCri } from '../../src/cri/grpc.ts';

const [endpoint = '', image = '', count = ''] = process.argv.slice(2);
const pods = Number(count);
const cri = grpcCri({ runtimeEndpoint: endpoint, timeoutMs: 120_000 });

const sandboxOf = (name: string): PodSandboxConfig =>
  PodSandboxConfig.fromPartial({
    metadata: { name, namespace: 'floor', uid: name, attempt: 0 },
    hostname: name,
    logDirectory: `/tmp/floor/${name}`,
    dnsConfig: { servers: ['10.96.0.10'], searches: ['cluster.local'], options: ['ndots:5'] },
    linux: { cgroupParent: '/floor', securityContext: { namespaceOptions: { pid: 1 } } },
  });

async function start(name: string): Promise<string> {
  mkdirSync(`/tmp/floor/${name}/main`, { recursive: true });
  const sandbox = sandboxOf(name);
  const id = await cri.runPodSandbox(sandbox, '');
  const config = ContainerConfig.fromPartial({
    metadata: { name: 'main', attempt: 0 },
    image: { image, userSpecifiedImage: image },
    logPath: 'main/0.log',
    linux: { securityContext: { namespaceOptions: { pid: 1 } } },
  });
  await cri.startContainer(await cri.createContainer(id, config, sandbox));
  return id;
}

async function remove(id: string): Promise<void> {
  await cri.stopPodSandbox(id);
  await cri.removePodSandbox(id);
}

async function main(): Promise<void> {
  await cri.version();
  const oneByOneMs: number[] = [];
  const ids: string[] = [];
  for (let i = 0; i < pods; i += 1) {
    const startedAt = systemClock.now();
    ids.push(await start(`one-${i}`));
    oneByOneMs.push(systemClock.now() - startedAt);
  }
  await Promise.all(ids.map(remove));
  const burstAt = systemClock.now();
  const burst = await Promise.all(Array.from({ length: 50 }, (_, i) => start(`burst-${i}`)));
  const burstMs = systemClock.now() - burstAt;
  const goneAt = systemClock.now();
  await Promise.all(burst.map(remove));
  const goneMs = systemClock.now() - goneAt;
  cri.close();
  console.log(JSON.stringify({ oneByOneMs, burstMs, goneMs }));
}

void main();
