import { describe, expect, test } from 'vitest';
import { PodSandboxStats } from '../../cri/generated/api.ts';
import { renderCadvisorMetrics } from './cadvisor-metrics.ts';
import { operationType } from './gauges.ts';
import { parseNetDev } from './node-usage.ts';
import { renderFamily } from './prometheus-text.ts';
import { renderResourceMetrics } from './resource-metrics.ts';
import { onlyCpuAndMemory, renderSummary, type SummaryInput } from './summary.ts';

const now = Date.UTC(2026, 10, 23, 12);
const usage = {
  cpuNanoSeconds: 2e9,
  memoryUsageBytes: 100,
  workingSetBytes: 80,
  rssBytes: 50,
  pageFaults: 1,
  majorPageFaults: 0,
};
const pod = PodSandboxStats.fromPartial({
  attributes: { metadata: { name: 'web', namespace: 'ns', uid: 'u1' } },
  linux: {
    cpu: { timestamp: BigInt(now) * 1_000_000n, usageCoreNanoSeconds: { value: 1_000_000_000n } },
    memory: { timestamp: BigInt(now) * 1_000_000n, workingSetBytes: { value: 4096n } },
    // As containerd has it: the default interface is one of the list, too.
    network: {
      defaultInterface: { name: 'eth0', rxBytes: { value: 7n } },
      interfaces: [{ name: 'eth0', rxBytes: { value: 7n } }, { name: 'net1' }],
    },
    process: { processCount: { value: 3n } },
    containers: [
      { attributes: { id: 'c1', metadata: { name: 'main' } }, cpu: { usageCoreNanoSeconds: { value: 5n } } },
    ],
  },
});
const input: SummaryInput = {
  nodeName: 'n1',
  now,
  startTime: new Date(now - 1000),
  memoryCapacityBytes: 1000,
  nodeUsage: usage,
  systemContainers: { pods: usage },
  fileSystem: { capacityBytes: 10, availableBytes: 4, inodes: 8, inodesFree: 2 },
  imageBytes: 3,
  interfaces: [{ name: 'eth0', rxBytes: 1, rxErrors: 0, txBytes: 2, txErrors: 0 }],
  processes: { max: 100, current: 9 },
  pods: [pod],
  rate: () => 42,
  podStart: () => '2026-11-23T11:00:00Z',
  containers: new Map([['c1', { startedAt: now - 60_000, logBytes: 12 }]]),
  volumes: () => [
    {
      name: 'data',
      usedBytes: 30,
      inodesUsed: 2,
      fileSystem: { capacityBytes: 100, availableBytes: 50, inodes: 9, inodesFree: 5 },
      measuredAt: now,
      claim: { name: 'claim', namespace: 'ns' },
    },
    {
      name: 'scratch',
      usedBytes: 5,
      inodesUsed: 1,
      fileSystem: { capacityBytes: 100, availableBytes: 50, inodes: 9, inodesFree: 5 },
      measuredAt: now,
      claim: undefined,
    },
  ],
};

describe('renderSummary', () => {
  test('the node', () => {
    expect(renderSummary(input).node).toMatchObject({
      nodeName: 'n1',
      cpu: { usageCoreNanoSeconds: 2e9, usageNanoCores: 42 },
      memory: { workingSetBytes: 80, availableBytes: 920 },
      fs: { capacityBytes: 10, availableBytes: 4, usedBytes: 6, inodesUsed: 6 },
      rlimit: { maxpid: 100, curproc: 9 },
      systemContainers: [{ name: 'pods' }],
    });
  });
  test('a pod and its container', () => {
    expect(renderSummary(input).pods[0]).toMatchObject({
      podRef: { name: 'web', namespace: 'ns', uid: 'u1' },
      startTime: '2026-11-23T11:00:00Z',
      network: { name: 'eth0', rxBytes: 7, interfaces: [{ name: 'eth0', rxBytes: 7 }, { name: 'net1' }] },
      process_stats: { process_count: 3 },
      containers: [{ name: 'main', cpu: { usageCoreNanoSeconds: 5 } }],
    });
  });
  test('a container started when it did, not when it was asked about', () => {
    expect(renderSummary(input).pods[0]?.containers[0]).toMatchObject({
      startTime: '2026-11-23T11:59:00Z',
      logs: { usedBytes: 12 },
    });
  });
  test('a container that does not run is left out', () => {
    expect(renderSummary({ ...input, containers: new Map() }).pods[0]?.containers).toEqual([]);
  });
  test('volumes, and what of them is the pod’s own', () => {
    const [seen] = renderSummary(input).pods;
    expect(seen?.volume).toMatchObject([
      { name: 'data', usedBytes: 30, inodesUsed: 2, pvcRef: { name: 'claim', namespace: 'ns' } },
      { name: 'scratch', usedBytes: 5 },
    ]);
    expect(seen?.volume?.[1]).not.toHaveProperty('pvcRef');
    expect(seen?.['ephemeral-storage'].usedBytes).toBe(12 + 5);
  });
  test('only CPU and memory, when asked so', () => {
    const slim = onlyCpuAndMemory(renderSummary(input));
    expect(slim.node).not.toHaveProperty('fs');
    expect(Object.keys(slim.pods[0] ?? {}).sort()).toEqual(['containers', 'cpu', 'memory', 'podRef', 'startTime']);
  });
});

test('resource metrics carry the time they were measured at', () => {
  const text = renderResourceMetrics(renderSummary(input));
  expect(text).toContain(`node_memory_working_set_bytes 80 ${now}`);
  const started = now - 60_000;
  expect(text).toContain(
    `container_start_time_seconds{container="main",namespace="ns",pod="web"} ${started / 1000} ${started}`,
  );
  expect(text).toContain(`pod_cpu_usage_seconds_total{namespace="ns",pod="web"} 1 ${now}`);
});

test('metrics under the names dashboards ask for, pods and containers told apart', () => {
  const text = renderCadvisorMetrics({
    summary: renderSummary(input),
    machine: { cpuCores: 4, memoryBytes: 1000, kernelVersion: '6.1' },
    now,
    identityOf: (uid, name) => ({ id: `${uid}-${name}`, image: 'busybox:1.37' }),
  });
  const container = 'container="main",image="busybox:1.37",name="u1-main",namespace="ns",pod="web"';
  const ofPod = 'container="",image="",name="",namespace="ns",pod="web"';
  expect(text).toContain(`container_cpu_usage_seconds_total{id="/",cpu="total"} 2 ${now}\n`);
  expect(text).toContain(`container_cpu_usage_seconds_total{${ofPod},cpu="total"} 1 ${now}\n`);
  expect(text).toContain(`container_memory_working_set_bytes{${ofPod}} 4096 ${now}\n`);
  expect(text).toContain(`container_memory_rss{${container}} 0 ${now}\n`);
  expect(text).toContain(`container_network_receive_bytes_total{${ofPod},interface="eth0"} 7 ${now}\n`);
  expect(text).toContain(`container_processes{${ofPod}} 3 ${now}\n`);
  expect(text).toContain(`machine_cpu_cores 4 ${now}\n`);
  const series = [...text.matchAll(/^([^#\s].*) \S+ \d+$/gm)].map(([, one]) => one);
  expect(new Set(series).size).toBe(series.length);
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('what a label says is escaped', () => {
  const samples = [{ labels: { image: 'a"b\\c\nd' }, value: 1, at: 2 }];
  expect(renderFamily('m', 'h', 'gauge', samples)).toBe('# HELP m h\n# TYPE m gauge\nm{image="a\\"b\\\\c\\nd"} 1 2\n');
});

test('network counters, without loopback', () => {
  const dev =
    'Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 10 2 3 0 0 0 0 0 20 4 5 0 0 0 0 0\n';
  expect(parseNetDev(dev)).toEqual([{ name: 'eth0', rxBytes: 10, rxErrors: 3, txBytes: 20, txErrors: 5 }]);
});

test.each([
  ['RunPodSandbox', 'run_podsandbox'],
  ['ListContainers', 'list_containers'],
  ['PodSandboxStatus', 'podsandbox_status'],
  ['ExecSync', 'exec_sync'],
])('%s is counted as %s', (method, name) => expect(operationType(method)).toBe(name));
