import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PodSandboxStats } from '../../cri/generated/api.ts';
import { parseCpuTopology, renderCadvisorMetrics } from './cadvisor-metrics.ts';
import { computeCadvisorRows } from './cadvisor-rows.ts';
import { type CgroupDetails, parseDetailsV1, parseDetailsV2, readCgroupDetails } from './cgroup-details.ts';
import { operationType } from './gauges.ts';
import { parseNetDev, parseOwnCgroup, parseSwap } from './node-usage.ts';
import { renderFamily } from './prometheus-text.ts';
import { renderResourceMetrics } from './resource-metrics.ts';
import { onlyCpuAndMemory, renderSummary, type SummaryInput } from './summary.ts';
import { readSummaryDetails } from './summary-details.ts';

const now = Date.UTC(2026, 10, 23, 12);
const details: CgroupDetails = parseDetailsV2(
  (_controller, file) =>
    ({
      'cpu.stat':
        'usage_usec 5\nuser_usec 3000000\nsystem_usec 1000000\nnr_periods 9\nnr_throttled 2\nthrottled_usec 500000',
      'cpu.max': '50000 100000',
      'cpu.weight': '1',
      'cpu.pressure': 'some avg10=1.50 avg60=0.20 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5',
      'memory.stat': 'anon 1\nfile 77\nfile_mapped 7\nactive_file 5\ninactive_file 6',
      'memory.events': 'high 3\nmax 4\noom_kill 1',
      'memory.max': '4096',
      'memory.swap.current': '10',
      'memory.swap.max': '30',
      'io.stat': '8:0 rbytes=4096 wbytes=10 rios=1 wios=2 dbytes=0 dios=0',
      'pids.current': '6',
      'pids.max': 'max',
    })[file] ?? '',
);
const eth0 = {
  name: 'eth0',
  rxBytes: 7,
  rxPackets: 2,
  rxErrors: 0,
  rxDropped: 1,
  txBytes: 8,
  txPackets: 3,
  txErrors: 0,
  txDropped: 0,
};
const usage = {
  details,
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
  interfaces: [eth0],
  nodeSwap: { totalBytes: 100, usedBytes: 40 },
  podDetails: () => details,
  processes: { max: 100, current: 9 },
  pods: [pod],
  rate: () => 42,
  podStart: () => '2026-11-23T11:00:00Z',
  containers: new Map([['c1', { startedAt: now - 60_000, logBytes: 12, details }]]),
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
  test('pressure and swap', () => {
    const { node, pods } = renderSummary(input);
    const cpu = {
      full: { total: 5000, avg10: 0, avg60: 0, avg300: 0 },
      some: { total: 12_000, avg10: 1.5, avg60: 0.2, avg300: 0 },
    };
    const swap = { swapAvailableBytes: 20, swapUsageBytes: 10 };
    for (const one of [node.systemContainers[0], pods[0], pods[0]?.containers[0]])
      expect(one).toMatchObject({ cpu: { psi: cpu }, memory: { psi: {} }, io: { psi: {} }, swap });
    expect(node).toMatchObject({ cpu: { psi: cpu }, swap: { swapAvailableBytes: 60, swapUsageBytes: 40 } });
    expect(node.systemContainers[0]?.memory).toMatchObject({ availableBytes: 4016 });
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

const counts = { processes: 2, openFiles: 9, sockets: 4, maxOpenFiles: 1024 };
const cadvisor = () =>
  renderCadvisorMetrics({
    rows: computeCadvisorRows(renderSummary(input), {
      root: { path: '/', details, interfaces: [] },
      pod: (uid) => ({ path: `/kubepods/pod${uid}`, details, interfaces: [eth0] }),
      container: (uid, name) => ({
        id: `${uid}-${name}`,
        image: 'busybox:1.37',
        cgroup: { path: `/kubepods/pod${uid}/c1`, details, counts, interfaces: [] },
      }),
    }),
    machine: { cpuCores: 4, physicalCores: 2, sockets: 1, memoryBytes: 1000, swapBytes: 0, kernelVersion: '6.1' },
    now,
  });
const ofContainer =
  'container="main",id="/kubepods/podu1/c1",image="busybox:1.37",name="u1-main",namespace="ns",pod="web"';
const ofPod = 'container="",id="/kubepods/podu1",image="",name="",namespace="ns",pod="web"';
const ofNode = 'container="",id="/",image="",name="",namespace="",pod=""';

test.each([
  [`container_cpu_usage_seconds_total{${ofNode},cpu="total"} 2`],
  [`container_cpu_usage_seconds_total{${ofPod},cpu="total"} 1`],
  [`container_cpu_user_seconds_total{${ofContainer}} 3`],
  [`container_cpu_cfs_throttled_periods_total{${ofContainer}} 2`],
  [`container_cpu_cfs_throttled_seconds_total{${ofContainer}} 0.5`],
  [`container_memory_working_set_bytes{${ofPod}} 4096`],
  [`container_memory_cache{${ofContainer}} 77`],
  [`container_memory_swap{${ofContainer}} 10`],
  [`container_memory_failcnt{${ofContainer}} 4`],
  [`container_oom_events_total{${ofContainer}} 1`],
  [`container_network_receive_packets_dropped_total{${ofPod},interface="eth0"} 1`],
  [`container_fs_reads_bytes_total{${ofContainer},device="8:0"} 4096`],
  [`container_fs_writes_total{${ofContainer},device="8:0"} 2`],
  [`container_blkio_device_usage_total{${ofContainer},device="8:0",major="8",minor="0",operation="Write"} 10`],
  [`container_processes{${ofContainer}} 2`],
  [`container_sockets{${ofContainer}} 4`],
  [`container_ulimits_soft{${ofContainer},ulimit="max_open_files"} 1024`],
  [`container_threads_max{${ofContainer}} 0`],
  [`container_spec_cpu_shares{${ofContainer}} 2`],
  [`container_spec_cpu_quota{${ofContainer}} 50000`],
  [`container_spec_memory_limit_bytes{${ofContainer}} 4096`],
  [`container_pressure_cpu_waiting_seconds_total{${ofContainer}} 0.000012`],
  ['machine_cpu_physical_cores 2'],
])('cadvisor metrics: %s', (line) =>
  expect(
    cadvisor()
      .split('\n')
      .map((one) => one.replace(/ \d+$/, '')),
  ).toContain(line),
);

test('cadvisor metrics are told once each', () => {
  const text = cadvisor();
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
  expect(parseNetDev(dev)).toEqual([
    {
      name: 'eth0',
      rxBytes: 10,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 0,
      txBytes: 20,
      txPackets: 4,
      txErrors: 5,
      txDropped: 0,
    },
  ]);
});

test.each([
  ['RunPodSandbox', 'run_podsandbox'],
  ['ListContainers', 'list_containers'],
  ['PodSandboxStatus', 'podsandbox_status'],
  ['ExecSync', 'exec_sync'],
])('%s is counted as %s', (method, name) => expect(operationType(method)).toBe(name));

test('cgroup v1 tells the same in other files', () => {
  const files: Record<string, string> = {
    'cpuacct/cpuacct.stat': 'user 300\nsystem 100',
    'cpu/cpu.stat': 'nr_periods 9\nnr_throttled 2\nthrottled_time 500000000',
    'cpu/cpu.cfs_quota_us': '-1',
    'cpu/cpu.shares': '1024',
    'memory/memory.stat': 'cache 1\ntotal_cache 77\ntotal_swap 10',
    'memory/memory.limit_in_bytes': '4096',
    'memory/memory.memsw.limit_in_bytes': '4126',
    'memory/memory.soft_limit_in_bytes': '9223372036854771712',
    'memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 1',
    'blkio/blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Write 10\n8:0 Total 4106\nTotal 4106',
    'blkio/blkio.throttle.io_serviced_recursive': '8:0 Read 1\n8:0 Write 2',
  };
  const seen = parseDetailsV1((controller, file) => files[`${controller}/${file}`] ?? '');
  expect(seen).toMatchObject({
    cpu: { userNs: 3e9, systemNs: 1e9, throttledNs: 5e8, quotaMicros: undefined, shares: 1024, periodMicros: 100_000 },
    memory: { cacheBytes: 77, limitBytes: 4096, reservationBytes: 0, oomKills: 1 },
    swap: { usageBytes: 10, limitBytes: 30 },
    traffic: [
      { device: '8:0', operation: 'Read', bytes: 4096, count: 1 },
      { device: '8:0', operation: 'Write', bytes: 10, count: 2 },
    ],
  });
});

test.each([
  ['v2', '0::/system.slice/kubelet.service\n', '/system.slice/kubelet.service'],
  ['v1', '5:cpu,cpuacct:/a\n4:memory:/system.slice/kubelet.service\n0::/b\n', '/system.slice/kubelet.service'],
  ['the root', '0::/\n', undefined],
])('the kubelet’s own cgroup: %s', (_name, content, path) => expect(parseOwnCgroup(content)).toBe(path));

test('swap space', () => {
  expect(parseSwap('MemTotal: 5 kB\nSwapTotal:       8 kB\nSwapFree:  2 kB\n')).toEqual({
    totalBytes: 8192,
    usedBytes: 6144,
  });
});

test('CPUs, cores and sockets', () => {
  const cpu = (processor: number, socket: number, core: number) =>
    `processor\t: ${processor}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
  expect(parseCpuTopology([cpu(0, 0, 0), cpu(1, 0, 0), cpu(2, 0, 1), cpu(3, 1, 0)].join('\n'))).toEqual({
    cpuCores: 4,
    physicalCores: 3,
    sockets: 2,
  });
  expect(parseCpuTopology('processor : 0\n\nprocessor : 1\n')).toEqual({ cpuCores: 2, physicalCores: 2, sockets: 1 });
});

test('what a summary reads of a cgroup is what all of its files tell', async () => {
  const mount = await mkdtemp(join(tmpdir(), 'cgroup-'));
  const files = {
    'cgroup.controllers': '',
    'pod/memory.max': '4096',
    'pod/memory.swap.current': '10',
    'pod/memory.swap.max': 'max',
    'pod/cpu.pressure': 'some avg10=1.50 avg60=0.20 avg300=0.00 total=12',
  };
  await mkdir(join(mount, 'pod'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(mount, name), content);
  const { memory, swap, pressure } = readCgroupDetails('pod', mount);
  const seen = readSummaryDetails('pod', true, mount);
  expect(seen).toEqual({ memory: { limitBytes: memory.limitBytes }, swap, pressure });
  expect(seen).toMatchObject({ memory: { limitBytes: 4096 }, swap: { usageBytes: 10, limitBytes: undefined } });
  expect(seen.pressure.cpu.some.avg10).toBe(1.5);
  expect(readSummaryDetails('pod', false, mount).pressure.cpu.some.avg10).toBe(0);
  await rm(mount, { recursive: true });
});
