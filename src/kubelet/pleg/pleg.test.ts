import { expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { CriError } from '../../cri/port.ts';
import { memoryJournal } from '../../journal/journal.ts';
import { renderContainerConfig } from '../containers/container-config.ts';
import { labels } from '../containers/labels.ts';
import { renderSandboxConfig } from '../containers/sandbox-config.ts';
import { aContainer, aPod } from '../test-builders.ts';
import type { PodLifecycleEvent } from './events.ts';
import { createPleg } from './pleg.ts';

const pod = aPod();
const sandboxConfig = renderSandboxConfig(pod, {
  attempt: 0,
  hostname: 'web',
  logsRoot: '/var/log/pods',
  dns: { servers: [], searches: [], options: [] },
  cgroupParent: '',
  supplementalGroups: [],
  cfsQuota: true,
  cfsPeriodMicros: 100_000,
});
const config = renderContainerConfig(pod, aContainer('main'), {
  restartCount: 2,
  imageRef: 'sha256:busybox',
  imageUser: { uid: undefined, username: '' },
  environment: [],
  mounts: [],
  volumeDevices: [],
  resources: {
    cpuPeriod: 0n,
    cpuQuota: 0n,
    cpuShares: 2n,
    memoryLimitInBytes: 0n,
    oomScoreAdj: 0n,
    cpusetCpus: '',
    cpusetMems: '',
    hugepageLimits: [],
    unified: {},
    memorySwapLimitInBytes: 0n,
  },
  targetId: undefined,
  volumeGroups: [],
  seccompDefault: false,
  rootDir: '/var/lib/kubelet',
  maskedPaths: [],
});

async function aRunningPod() {
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  const journal = memoryJournal();
  const sandbox = await cri.runPodSandbox(sandboxConfig, '');
  const container = await cri.createContainer(sandbox, config, sandboxConfig);
  await cri.startContainer(container);
  const pleg = createPleg({ cri, clock, journal, readMessage: async () => 'last words' });
  const events: PodLifecycleEvent[] = [];
  pleg.onEvents((some) => events.push(...some));
  const abort = new AbortController();
  void pleg.run(abort.signal);
  await clock.advance(0);
  return { clock, cri, journal, pleg, events, sandbox, container, abort, take: () => events.splice(0) };
}

const settle = async (clock: FakeClock) => {
  for (let i = 0; i < 5; i += 1) await clock.advance(0);
};

test('the first relist finds what runs', async () => {
  const { pleg, take, sandbox, container, clock } = await aRunningPod();
  await settle(clock);
  expect(take().map(({ type, id }) => `${type} ${id}`)).toEqual([
    `ContainerStarted ${sandbox}`,
    `ContainerStarted ${container}`,
  ]);
  expect(pleg.get('uid-1')).toMatchObject({
    name: 'web',
    namespace: 'default',
    ips: ['10.244.1.1'],
    containers: [{ name: 'main', restartCount: 2, state: 'running' }],
  });
  expect(pleg.problem()).toBeUndefined();
});

test('a relist lists once, however many pods have changed', async () => {
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  for (const uid of ['uid-1', 'uid-2', 'uid-3']) {
    await cri.runPodSandbox({ ...sandboxConfig, labels: { ...sandboxConfig.labels, [labels.podUid]: uid } }, '');
  }
  let lists = 0;
  const listPodSandboxes: typeof cri.listPodSandboxes = (filter) => {
    lists += 1;
    return cri.listPodSandboxes(filter);
  };
  const pleg = createPleg({ cri: { ...cri, listPodSandboxes }, clock, journal: memoryJournal() });
  const abort = new AbortController();
  void pleg.run(abort.signal);
  await settle(clock);
  expect(pleg.all().map(({ uid }) => uid)).toEqual(['uid-1', 'uid-2', 'uid-3']);
  expect(lists).toBe(1);
  abort.abort();
});

test('what a slow relist found does not undo what was seen since it began', async () => {
  const { clock, cri, pleg, sandbox, abort } = await aRunningPod();
  await settle(clock);
  const before = await cri.listContainers();
  const slow = Promise.withResolvers<typeof before>();
  const listContainers = cri.listContainers;
  cri.listContainers = () => slow.promise;
  await clock.advance(1000);
  cri.listContainers = listContainers;
  await clock.advance(5);
  await cri.startContainer(
    await cri.createContainer(sandbox, { ...config, metadata: { name: 'later', attempt: 0 } }, sandboxConfig),
  );
  pleg.requestRelist('uid-1');
  await settle(clock);
  expect(pleg.get('uid-1')?.containers).toHaveLength(2);
  slow.resolve(before);
  await settle(clock);
  expect(pleg.get('uid-1')?.containers).toHaveLength(2);
  abort.abort();
});

test('a pod that is gone before a slow relist ends is not brought back', async () => {
  const { clock, cri, pleg, sandbox, abort } = await aRunningPod();
  await settle(clock);
  const before = await cri.listContainers();
  const slow = Promise.withResolvers<typeof before>();
  const listContainers = cri.listContainers;
  cri.listContainers = () => slow.promise;
  await clock.advance(1000);
  cri.listContainers = listContainers;
  await clock.advance(5);
  await cri.removePodSandbox(sandbox);
  pleg.requestRelist('uid-1');
  await settle(clock);
  expect(pleg.get('uid-1')).toBeUndefined();
  slow.resolve(before);
  await settle(clock);
  expect(pleg.get('uid-1')).toBeUndefined();
  abort.abort();
});

test('the runtime’s event tells of an end without waiting for the relist', async () => {
  const { cri, clock, pleg, take, container } = await aRunningPod();
  await settle(clock);
  take();
  cri.exit(container, 3);
  await settle(clock);
  expect(take()).toEqual([{ uid: 'uid-1', type: 'ContainerDied', id: container, exitCode: 3 }]);
  expect(pleg.get('uid-1')?.containers[0]).toMatchObject({ state: 'exited', exitCode: 3, message: 'last words' });
});

test('what vanishes while it runs died and was removed', async () => {
  const { cri, clock, pleg, take, sandbox } = await aRunningPod();
  await settle(clock);
  take();
  await cri.removePodSandbox(sandbox);
  await clock.advance(1000);
  await settle(clock);
  expect(take().map(({ type }) => type)).toEqual([
    'ContainerDied',
    'ContainerRemoved',
    'ContainerDied',
    'ContainerRemoved',
  ]);
  expect(pleg.get('uid-1')).toBeUndefined();
});

test('a sandbox that somebody else made is seen too, by its UID', async () => {
  const { cri, clock, pleg } = await aRunningPod();
  const metadata = { name: 'mine', namespace: 'default', uid: 'by-hand', attempt: 1 };
  await cri.runPodSandbox({ ...sandboxConfig, metadata, labels: {} }, '');
  await clock.advance(1000);
  await settle(clock);
  expect(pleg.get('by-hand')).toMatchObject({ name: 'mine', sandboxes: [{ ready: true }] });
});

test('a stopped sandbox keeps the address it had', async () => {
  const { cri, clock, pleg, sandbox } = await aRunningPod();
  await settle(clock);
  await cri.stopPodSandbox(sandbox);
  await clock.advance(1000);
  await settle(clock);
  expect(pleg.get('uid-1')).toMatchObject({ ips: ['10.244.1.1'], sandboxes: [{ ready: false }] });
});

test('a state newer than now is asked for, and awaited', async () => {
  const { cri, clock, pleg, container, abort } = await aRunningPod();
  await settle(clock);
  cri.exit(container, 0);
  const newer = pleg.getNewerThan('uid-1', clock.now(), abort.signal);
  await clock.advance(10);
  expect((await newer).containers[0]).toMatchObject({ state: 'exited' });
});

test('a pod that nobody knows is empty rather than awaited', async () => {
  const { clock, pleg, abort } = await aRunningPod();
  await settle(clock);
  const newer = pleg.getNewerThan('nobody', clock.now(), abort.signal);
  await clock.advance(10);
  expect(await newer).toMatchObject({ uid: 'nobody', sandboxes: [], containers: [] });
});

test('it says so when the runtime has not answered for long', async () => {
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  let broken = false;
  const listContainers: typeof cri.listContainers = (...args) =>
    broken
      ? Promise.reject(new CriError('ListContainers', 'unavailable', 'Unavailable', 'down'))
      : cri.listContainers(...args);
  const pleg = createPleg({ cri: { ...cri, listContainers }, clock, journal: memoryJournal() });
  expect(pleg.problem()).toBe('pleg has yet to be successful');
  void pleg.run(new AbortController().signal);
  await settle(clock);
  expect(pleg.problem()).toBeUndefined();
  broken = true;
  await clock.advance(185_000);
  expect(pleg.problem()).toMatch(/^pleg was last seen active 3m\d+s ago; threshold is 3m0s$/);
});
