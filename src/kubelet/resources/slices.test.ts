import { beforeEach, expect, test } from 'vitest';
import type { SystemdUnits, UnitProperty } from '../systemd-units/index.ts';
import type { CgroupSettings } from './cgroup-settings.ts';
import { fakeCgroups } from './fake-cgroups.ts';
import { fitToSystemd, renderSliceProperties, sliceTree } from './slices.ts';

const unlimited = 2n ** 64n - 1n;
const asObject = (properties: readonly UnitProperty[]) =>
  Object.fromEntries(properties.map(({ name, value }) => [name, value]));

test.each<[string, CgroupSettings, Record<string, bigint>]>([
  ['nothing', {}, {}],
  ['a share of the CPU', { cpuShares: 204 }, { CPUWeight: 8n }],
  [
    'a fifth of a CPU',
    { cpuQuota: 20_000, cpuPeriod: 100_000 },
    { CPUQuotaPeriodUSec: 100_000n, CPUQuotaPerSecUSec: 200_000n },
  ],
  [
    'a quota that is no whole hundredth is rounded up',
    { cpuQuota: 12_345, cpuPeriod: 100_000 },
    { CPUQuotaPeriodUSec: 100_000n, CPUQuotaPerSecUSec: 130_000n },
  ],
  ['no quota', { cpuQuota: -1, cpuPeriod: 100_000 }, { CPUQuotaPeriodUSec: 100_000n, CPUQuotaPerSecUSec: unlimited }],
  [
    'memory and processes',
    { memoryBytes: 5, memoryMin: 0, memoryLow: 1, memoryHigh: 4, pids: 60 },
    { MemoryMax: 5n, MemoryMin: 0n, MemoryLow: 1n, MemoryHigh: 4n, TasksMax: 60n },
  ],
  ['no limits', { memoryBytes: -1, pids: -1 }, { MemoryMax: unlimited, TasksMax: unlimited }],
])('properties: %s', (_name, settings, properties) => {
  expect(asObject(renderSliceProperties(settings))).toEqual(properties);
});

test('the kernel’s files get the quota that systemd has', () => {
  expect(fitToSystemd({ cpuQuota: 12_345, cpuPeriod: 100_000, pids: 3 })).toEqual({
    cpuQuota: 13_000,
    cpuPeriod: 100_000,
    pids: 3,
  });
  expect(fitToSystemd({ cpuQuota: -1, cpuPeriod: 100_000 })).toEqual({ cpuQuota: -1, cpuPeriod: 100_000 });
});

let said: string[];
let properties: Map<string, Record<string, unknown>>;
let units: SystemdUnits;
beforeEach(() => {
  said = [];
  properties = new Map();
  units = {
    async start(unit, more) {
      said.push(`start ${unit}`);
      if (!properties.has(unit)) properties.set(unit, asObject(more));
    },
    async set(unit, more) {
      said.push(`set ${unit}`);
      properties.set(unit, { ...properties.get(unit), ...asObject(more) });
    },
    async stop(unit) {
      said.push(`stop ${unit}`);
    },
  };
});

test('a cgroup is a slice within slices, each with its controllers from the beginning', async () => {
  const kernel = fakeCgroups();
  const tree = sliceTree(kernel, units);
  await tree.make('/kubepods.slice', {});
  await tree.make('/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda.slice', { cpuShares: 204 });
  expect(said).toEqual([
    'start kubepods.slice',
    'start kubepods-burstable.slice',
    'start kubepods-burstable-poda.slice',
  ]);
  expect(properties.get('kubepods.slice')).toMatchObject({ Wants: ['-.slice'], CPUAccounting: true });
  expect(properties.get('kubepods-burstable-poda.slice')).toMatchObject({
    Wants: ['kubepods-burstable.slice'],
    MemoryAccounting: true,
    DefaultDependencies: false,
    CPUWeight: 8n,
  });
  expect(kernel.tree.get('/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda.slice')).toEqual({
    cpuShares: 204,
  });
});

test('a slice that is there already is set', async () => {
  const kernel = fakeCgroups();
  const tree = sliceTree(kernel, units);
  await tree.make('/kubepods.slice', { pids: 5 });
  await tree.make('/kubepods.slice', { pids: 6 });
  expect(properties.get('kubepods.slice')).toMatchObject({ TasksMax: 6n });
  await tree.apply('/kubepods.slice', { memoryBytes: 7 });
  expect(properties.get('kubepods.slice')).toMatchObject({ TasksMax: 6n, MemoryMax: 7n });
  expect(kernel.tree.get('/kubepods.slice')).toEqual({ pids: 6, memoryBytes: 7 });
});

test('a slice goes with its cgroup, and stays while processes keep it', async () => {
  const kernel = fakeCgroups();
  await sliceTree({ ...kernel, remove: () => false }, units).remove('/kubepods.slice');
  expect(said).toEqual([]);
  await sliceTree(kernel, units).remove('/kubepods.slice');
  expect(said).toEqual(['stop kubepods.slice']);
});
