// Resident memory and CPU of a cluster's kubelets, idle and with 30 pods on the first worker. Usage: node bench/kubelet.ts NAME
import { execFileSync } from 'node:child_process';
import { systemClock } from '../src/base/clock.ts';

const name = process.argv[2];
if (name === undefined) {
  console.error('usage: node bench/kubelet.ts CLUSTER');
  process.exit(2);
}
const node = `${name}-worker`;
const onNode = (container: string, ...argv: string[]): string =>
  execFileSync('docker', ['exec', '-i', container, ...argv], { encoding: 'utf8' }).trim();
const kubectl = (input: string, ...argv: string[]): string =>
  execFileSync('docker', ['exec', '-i', `${name}-control-plane`, 'kubectl', ...argv], {
    input,
    encoding: 'utf8',
  }).trim();

/** Resident bytes, and CPU seconds so far. */
function usage(): { rssBytes: number; cpuSeconds: number } {
  const pid = onNode(node, 'pgrep', '-xo', 'kubelet');
  const rssKb = Number(/VmRSS:\s+(\d+)/.exec(onNode(node, 'cat', `/proc/${pid}/status`))?.[1] ?? 0);
  const fields = onNode(node, 'cat', `/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number);
  return { rssBytes: rssKb * 1024, cpuSeconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) / 100 };
}

async function measure(what: string, seconds: number): Promise<void> {
  const before = usage();
  await systemClock.sleep(seconds * 1000);
  const after = usage();
  const cpu = ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100;
  console.log(
    `${what}: ${Math.round(after.rssBytes / 2 ** 20)} MB resident, ${cpu.toFixed(1)} % of a core over ${seconds} s`,
  );
}

const pods = 30;
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'bench' },
  spec: {
    replicas: pods,
    selector: { matchLabels: { app: 'bench' } },
    template: {
      metadata: { labels: { app: 'bench' } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'main', image: 'docker.io/library/busybox:1.37', command: ['sleep', '99999'] }],
      },
    },
  },
};

await measure('idle', 30);
const cpuBefore = usage().cpuSeconds;
const startedAt = performance.now();
kubectl(JSON.stringify(deployment), 'apply', '-f', '-');
kubectl('', 'rollout', 'status', 'deployment/bench', '--timeout=180s');
console.log(
  `${pods} pods Ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s, ${(usage().cpuSeconds - cpuBefore).toFixed(1)} CPU seconds of the kubelet`,
);
await measure(`with ${pods} pods`, 30);
const deletedAt = performance.now();
kubectl('', 'delete', 'deployment', 'bench', '--wait=true');
kubectl('', 'wait', '--for=delete', 'pod', '-l', 'app=bench', '--timeout=120s');
console.log(`${pods} pods gone after ${((performance.now() - deletedAt) / 1000).toFixed(1)} s`);
