import { expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { CriError, type LinuxContainerResources } from '../../cri/port.ts';
import type { PodResourceInfo } from '../allocation/index.ts';
import type { CgroupSettings } from '../resources/index.ts';
import { aContainer, aPod } from '../test-builders.ts';
import type { ContainerResize } from './decide-resize.ts';
import { podResizer } from './resize-pod.ts';

const mi = 2 ** 20;
const amounts = (milli: number, bytes: number) => ({
  cpuRequest: milli,
  cpuLimit: milli,
  memoryRequest: bytes,
  memoryLimit: bytes,
});
const resize = (container: string, from: [number, number], to: [number, number]): ContainerResize => ({
  id: `${container}-0`,
  container,
  from: amounts(...from),
  to: amounts(...to),
});

/** A pod's cgroup and a runtime that write down what they are told, in order. */
function given(current: CgroupSettings, wanted: CgroupSettings, usageBytes = 0, refusal?: CriError) {
  const sandbox: [string, number, number, number][] = [];
  const told: string[] = [];
  const failures: string[] = [];
  const inForce = new Map<string, PodResourceInfo>();
  let settings = current;
  const resizer = podResizer({
    cri: {
      updatePodSandboxResources: async (id, _overhead, { memoryLimitInBytes, cpuQuota, cpuShares }) => {
        sandbox.push([id, Number(memoryLimitInBytes) / mi, Number(cpuQuota), Number(cpuShares)]);
        if (refusal !== undefined) throw refusal;
      },
      updateContainerResources: async (id: string, linux: LinuxContainerResources) =>
        void told.push(`${id} cpu ${linux.cpuQuota} memory ${linux.memoryLimitInBytes / BigInt(mi)}Mi`),
      containerStats: async () => ({
        attributes: undefined,
        cpu: undefined,
        memory: {
          timestamp: 0n,
          workingSetBytes: undefined,
          usageBytes: { value: BigInt(usageBytes) },
          availableBytes: undefined,
          rssBytes: undefined,
          pageFaults: undefined,
          majorPageFaults: undefined,
          psi: undefined,
        },
        writableLayer: undefined,
        swap: undefined,
        io: undefined,
      }),
    },
    cgroups: {
      wanted: () => wanted,
      current: () => settings,
      apply: async (_pod, change) => {
        settings = { ...settings, ...change };
        told.push(`pod ${JSON.stringify(change)}`);
      },
      memoryUsage: () => usageBytes,
    },
    allocations: {
      inForce: (uid) => inForce.get(uid),
      setInForce: (uid, info) => void inForce.set(uid, info),
      noteFailure: (_pod, error) => void failures.push(error),
    },
    resources: () => ({
      cfsQuota: true,
      cfsPeriodMicros: 100_000,
      cgroupVersion: 1,
      nodeMemoryBytes: 2 ** 34,
      singleProcessOomKill: true,
      swapControllable: false,
      swap: { limited: false, nodeSwapBytes: 0 },
      memoryQos: undefined,
      hugePageSizes: [],
    }),
    clock: new FakeClock(0),
    journal: { write: () => {} },
  });
  return { told, failures, inForce, sandbox, resizer };
}

const pod: Pod = aPod({ containers: [aContainer('a'), aContainer('b')] });

test('the pod grows before its containers', async () => {
  const { told, resizer, inForce } = given(
    { cpuShares: 102, cpuQuota: 10_000, cpuPeriod: 100_000, memoryBytes: 10 * mi },
    { cpuShares: 204, cpuQuota: 20_000, cpuPeriod: 100_000, memoryBytes: 20 * mi },
  );
  await resizer(pod, 's1', [resize('a', [100, 10 * mi], [200, 20 * mi])]);
  expect(told).toEqual([
    `pod {"memoryBytes":${20 * mi}}`,
    'a-0 cpu 10000 memory 20Mi',
    'pod {"cpuQuota":20000,"cpuPeriod":100000}',
    'pod {"cpuShares":204}',
    'a-0 cpu 20000 memory 20Mi',
  ]);
  expect(inForce.get('uid-1')?.containers.a).toEqual({
    limits: { cpu: '200m', memory: '20Mi' },
    requests: { cpu: '200m', memory: '20Mi' },
  });
});

test('the pod shrinks after its containers, shares before the quota', async () => {
  const { told, resizer } = given(
    { cpuShares: 204, cpuQuota: 20_000, cpuPeriod: 100_000, memoryBytes: 20 * mi },
    { cpuShares: 102, cpuQuota: 10_000, cpuPeriod: 100_000, memoryBytes: 10 * mi },
  );
  await resizer(pod, 's1', [resize('a', [200, 20 * mi], [100, 10 * mi])]);
  expect(told.map((line) => line.split(' ')[0])).toEqual(['a-0', 'pod', 'a-0', 'pod', 'pod']);
});

test('who gives something back goes first', async () => {
  const same = { cpuShares: 204, cpuQuota: 20_000, cpuPeriod: 100_000, memoryBytes: 20 * mi };
  const { told, resizer } = given(same, same);
  await resizer(pod, 's1', [resize('a', [50, 10 * mi], [150, 10 * mi]), resize('b', [150, 10 * mi], [50, 10 * mi])]);
  expect(told).toEqual(['b-0 cpu 5000 memory 10Mi', 'a-0 cpu 15000 memory 10Mi']);
});

test('a limit below what is in use is refused before anything is touched', async () => {
  const { told, failures, resizer } = given({ memoryBytes: 20 * mi }, { memoryBytes: 10 * mi }, 15 * mi);
  const refused = `cannot decrease memory limits: [attempting to set pod memory limit (${10 * mi}) below current usage (${15 * mi}), attempting to set container "a" memory limit (${10 * mi}) below current usage (${15 * mi})]`;
  await expect(resizer(pod, 's1', [resize('a', [100, 20 * mi], [100, 10 * mi])])).rejects.toThrow(refused);
  expect(told).toEqual([]);
  expect(failures).toEqual([refused]);
});

const grows = [
  { cpuShares: 102, cpuQuota: 10_000, cpuPeriod: 100_000, memoryBytes: 10 * mi },
  { cpuShares: 204, cpuQuota: 20_000, cpuPeriod: 100_000, memoryBytes: 20 * mi },
] as const;

test('the runtime is told of each step before it is taken', async () => {
  const { sandbox, resizer } = given(...grows);
  await resizer(pod, 's1', [resize('a', [100, 10 * mi], [200, 20 * mi])]);
  expect(sandbox).toEqual([
    ['s1', 20, 10_000, 102],
    ['s1', 20, 20_000, 102],
    ['s1', 20, 20_000, 204],
  ]);
});

test.each([
  ['that does not know of it', new CriError('UpdatePodSandboxResources', 'unimplemented', 'Unimplemented', 'no')],
  ['that says so in words', new CriError('UpdatePodSandboxResources', 'other', 'Unknown', 'not implemented yet')],
])('a runtime %s is passed over', async (_name, refusal) => {
  const { told, failures, resizer } = given(...grows, 0, refusal);
  await resizer(pod, 's1', []);
  expect(failures).toEqual([]);
  expect(told).toHaveLength(3);
});

test('a runtime that refuses keeps the pod as it is', async () => {
  const refusal = new CriError('UpdatePodSandboxResources', 'other', 'Internal', 'a plugin says no');
  const { told, failures, resizer } = given(...grows, 0, refusal);
  await expect(resizer(pod, 's1', [])).rejects.toThrow('a plugin says no');
  expect(failures).toEqual(['a plugin says no']);
  expect(told).toEqual([]);
});
