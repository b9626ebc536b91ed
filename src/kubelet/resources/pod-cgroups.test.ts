import { beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { projectionOf } from '../../journal/journal.ts';
import type { JournalRecord } from '../../journal/record.ts';
import { fakeCgroups } from './fake-cgroups.ts';
import { type MemoryQos, podCgroups } from './index.ts';

const mebi = 2 ** 20;
const tiered: MemoryQos = { throttlingFactor: undefined, tiered: true, allocatableBytes: 2 ** 30 };
const aPod = (uid: string, cpu: string, memory: string, guaranteed = false): Pod => {
  const requests = { cpu, memory };
  return {
    metadata: { uid },
    spec: { containers: [{ name: 'c', resources: guaranteed ? { requests, limits: requests } : { requests } }] },
  };
};
const burst = aPod('a', '500m', '3Mi');
const kept = aPod('b', '1', '5Mi', true);

let kernel: ReturnType<typeof fakeCgroups>;
beforeEach(() => {
  kernel = fakeCgroups();
});
/** A kubelet that starts, with the pods that it will hear of. */
let written: JournalRecord[] = [];
function aTree(pods: Pod[], memoryQos: MemoryQos | undefined = undefined) {
  written = [];
  return podCgroups({
    fs: kernel,
    clock: new FakeClock(0),
    journal: { write: (record) => void written.push(record) },
    nodeName: 'n1',
    cgroupRoot: '/',
    driver: 'cgroupfs',
    cgroupsPerQos: true,
    cpuCfsQuota: true,
    cpuCfsPeriodMicros: 100_000,
    podPidsLimit: -1,
    hugePageSizes: [],
    nodeAllocatable: async () => ({ milliCpu: 2000, memoryBytes: 2 ** 30, pids: 4000 }),
    memoryQos,
    pods: () => pods,
    kill: () => {},
  });
}

test('all pods together have what the node gives them', async () => {
  await aTree([]).start();
  expect(kernel.tree.get('/kubepods')).toMatchObject({ cpuShares: 2048, memoryBytes: 2 ** 30, pids: 4000 });
  expect(kernel.tree.get('/kubepods/besteffort')).toMatchObject({ cpuShares: 2 });
  expect(kernel.tree.get('/kubepods/burstable')).toMatchObject({ cpuShares: 2 });
});

test('that it is so is an Event of the node', async () => {
  await aTree([]).start();
  const event = written.map((record) => projectionOf(record).event?.(record)).find((draft) => draft !== undefined);
  expect(event).toMatchObject({
    object: { kind: 'Node', name: 'n1' },
    type: 'Normal',
    reason: 'NodeAllocatableEnforced',
    message: 'Updated Node Allocatable limit across pods',
  });
});

test('the burstable class weighs what its pods ask for, as they come and go', async () => {
  const pods = [burst];
  const tree = aTree(pods);
  await tree.start();
  await tree.ensurePod(burst);
  expect(kernel.tree.get('/kubepods/burstable')?.cpuShares).toBe(512);
  pods.pop();
  await tree.removePod(burst);
  expect(kernel.tree.get('/kubepods/burstable')?.cpuShares).toBe(2);
  expect(kernel.tree.has('/kubepods/burstable/poda')).toBe(false);
});

test('memory is guarded in the pod’s cgroup and in those above it', async () => {
  const tree = aTree([burst, kept], tiered);
  await tree.start();
  await tree.ensurePod(burst);
  await tree.ensurePod(kept);
  expect(kernel.tree.get('/kubepods/podb')).toMatchObject({ memoryMin: 5 * mebi });
  expect(kernel.tree.get('/kubepods/burstable/poda')).toMatchObject({ memoryLow: 3 * mebi });
  expect(kernel.tree.get('/kubepods/burstable')).toMatchObject({ memoryLow: 3 * mebi });
  expect(kernel.tree.get('/kubepods')).toMatchObject({ memoryMin: 8 * mebi, memoryLow: 3 * mebi });
});

test('after a restart the classes keep what they had until the pods are known', async () => {
  const before = aTree([burst], tiered);
  await before.start();
  await before.ensurePod(burst);
  const pods: Pod[] = [];
  const after = aTree(pods, tiered);
  await after.start();
  expect(kernel.tree.get('/kubepods/burstable')).toMatchObject({ cpuShares: 512, memoryLow: 3 * mebi });
  await after.removeOrphans(new Set());
  expect(kernel.tree.get('/kubepods/burstable')).toMatchObject({ cpuShares: 2, memoryLow: 0 });
  expect(kernel.tree.has('/kubepods/burstable/poda')).toBe(false);
});

test('a kubelet without the feature gives up what another guarded', async () => {
  const before = aTree([burst], tiered);
  await before.start();
  await before.ensurePod(burst);
  await aTree([burst]).start();
  expect(kernel.tree.get('/kubepods')).toMatchObject({ memoryMin: 0, memoryLow: 0 });
});
