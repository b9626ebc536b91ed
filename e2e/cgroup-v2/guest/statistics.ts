import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, containerCgroup, has, kubepods, mebi, memTotal, podCgroup, read, running } from './node.ts';

/** What the kubelet tells of pods and the node, beside the kernel's own files. The guaranteed pod runs. */

interface Usage {
  readonly memory: { readonly workingSetBytes: number; readonly usageBytes: number; readonly availableBytes?: number };
  readonly cpu: { readonly usageCoreNanoSeconds: number };
  readonly swap?: { readonly swapAvailableBytes?: number; readonly swapUsageBytes: number };
}
interface Summary {
  readonly node: Usage & { readonly systemContainers: readonly (Usage & { readonly name: string })[] };
  readonly pods: readonly (Usage & {
    readonly podRef: { readonly uid: string };
    readonly containers: readonly (Usage & { readonly name: string })[];
  })[];
}

test('statistics say what the kernel’s files say', async () => {
  const { uid, containers } = await running('guaranteed');
  const pod = podCgroup(kubepods, uid);
  const container = containerCgroup(pod, containers[0]?.id ?? '');
  const summary = JSON.parse(await ask('/stats/summary')) as Summary;
  const told = summary.pods.find(({ podRef }) => podRef.uid === uid);
  assert.ok(told);
  const near = (what: string, a: number, b: number, slack: number) =>
    assert.ok(Math.abs(a - b) <= slack, `${what}: told ${a}, is ${b}`);
  const usage = (path: string) => Number(read(path, 'memory.current'));
  const cpu = (path: string) => Number(/^usage_usec (\d+)/m.exec(read(path, 'cpu.stat'))?.[1]) * 1000;
  near('memory of the pod', told.memory.usageBytes, usage(pod), 4 * mebi);
  near('CPU of the pod', told.cpu.usageCoreNanoSeconds, cpu(pod), 2e9);
  const main = told.containers[0];
  assert.ok(main);
  near('memory of the container', main.memory.usageBytes, usage(container), 4 * mebi);
  near('what is left', (main.memory.availableBytes ?? 0) + main.memory.workingSetBytes, 64 * mebi, mebi);
  assert.equal(main.swap?.swapUsageBytes, 0);
  assert.equal(main.swap?.swapAvailableBytes, 0);
  const pods = summary.node.systemContainers.find(({ name }) => name === 'pods');
  near('memory of all pods', pods?.memory.usageBytes ?? 0, usage(kubepods), 32 * mebi);
  assert.ok(summary.node.memory.usageBytes > 100 * mebi && summary.node.memory.usageBytes <= memTotal);
  assert.ok(summary.node.cpu.usageCoreNanoSeconds > 1e9);

  const text = await ask('/metrics/cadvisor');
  const value = (family: string) =>
    Number(new RegExp(`^${family}\\{[^}]*container="main"[^}]*pod="guaranteed-[^}]*\\} (\\S+)`, 'm').exec(text)?.[1]);
  assert.equal(value('container_spec_memory_limit_bytes'), 64 * mebi);
  assert.equal(value('container_spec_cpu_quota'), 20_000);
  assert.equal(value('container_spec_cpu_period'), 100_000);
  assert.ok(value('container_memory_usage_bytes') > 0);
  assert.ok(value('container_cpu_usage_seconds_total') > 0);
});

test('pressure is told where the kernel counts it', async () => {
  const summary = JSON.parse(await ask('/stats/summary')) as { node: { cpu: { psi?: { some: { total: number } } } } };
  const counted = has('/', 'cpu.pressure');
  console.log(`pressure is ${counted ? '' : 'not '}counted by this kernel`);
  assert.equal((summary.node.cpu.psi?.some.total ?? 0) > 0, counted);
});
