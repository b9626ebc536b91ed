import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Pod, PodStatus } from '../../api/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { fakeCri } from '../../cri/fake.ts';
import { CriError } from '../../cri/port.ts';
import { memoryJournal, projectionOf } from '../../journal/journal.ts';
import { openAllocations } from '../allocation/index.ts';
import { containerRemover } from '../containers/container-logs.ts';
import { sandboxRenderer } from '../containers/sandbox-renderer.ts';
import { createImageManager } from '../images/index.ts';
import type { MountedVolumes, ProbeManager, StatusManager } from '../parts.ts';
import { createPleg } from '../pleg/index.ts';
import { findContainer } from '../pod-facts.ts';
import { aContainer, aPod, deleted } from '../test-builders.ts';
import { podExecutor } from './execute.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { containerStarter } from './start-container.ts';
import { backoffKey, createPodSync } from './sync-pod.ts';
import { createTerminator } from './termination.ts';
import { createPodWorkers } from './workers.ts';

/** Pods' whole lives on a fake runtime: the workers with everything below them that is theirs. */

const folders: string[] = [];
afterEach(async () => {
  // A worker may still be writing: its pod was seen to run before its log was linked.
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** `startedLaterMs`: how much younger than its pods the kubelet takes itself to be. */
async function aKubelet(
  given: {
    prepareClaims?: (pod: Pod) => Promise<void>;
    unprepareClaims?: (uid: string) => Promise<void>;
    startedLaterMs?: number;
    mirrorsKnown?: () => Promise<unknown>;
    mirror?: () => Pod | undefined;
    volumes?: MountedVolumes;
  } = {},
) {
  const root = await mkdtemp(join(tmpdir(), 'kubelet-'));
  folders.push(root);
  const clock = new FakeClock();
  const cri = fakeCri(clock);
  cri.images.add('busybox:1.37');
  const journal = memoryJournal();
  const paths = { rootDir: join(root, 'lib'), logsRoot: join(root, 'pods'), logLinks: root };
  const pleg = createPleg({ cri, clock, journal, readMessage: async () => '' });
  const held = new Map<string, PodStatus>();
  const history: string[] = [];
  const statuses: StatusManager = {
    get: (uid) => held.get(uid),
    set: (pod, status) => {
      const uid = pod.metadata?.uid ?? '';
      const startTime = held.get(uid)?.startTime ?? new Date(clock.now()).toISOString();
      held.set(uid, { startTime, ...status });
      if (history.at(-1) !== status.phase) history.push(status.phase ?? '');
    },
    podFinished: () => void history.push('finished'),
    forget: (uid) => void held.delete(uid),
  };
  const hastened: string[] = [];
  const probes: ProbeManager = {
    addPod: () => {},
    hastenReadiness: (uid, container) => void hastened.push(`${uid} ${container}`),
    stopLivenessAndStartup: () => {},
    removePod: () => {},
    readiness: () => 'unknown',
    liveness: () => 'unknown',
    startup: () => 'unknown',
    onChange: () => {},
  };
  const terminator = createTerminator({ cri, clock, journal, version: '1.37' });
  const cfs = { cfsQuota: true, cfsPeriodMicros: 100_000 };
  const backoff = new RestartBackoff({ firstMs: 10_000, maxMs: 300_000 });
  const allocations = openAllocations({
    rootDir: root,
    clock,
    journal,
    admitResize: async () => ({ admitted: true }),
    activePods: () => [],
    podByUid: () => undefined,
    wake: () => {},
    sourcesReady: () => true,
    rules: { enabled: true, podLevel: true, exclusiveCpus: false, exclusiveMemory: false },
  });
  const images = createImageManager({ cri, clock, journal, maxParallelPulls: 1 });
  const execute = podExecutor({
    images,
    resizePod: async () => {},
    prepareClaims: given.prepareClaims ?? (async () => {}),
    noteStart: () => {},
    removeContainer: containerRemover(cri, paths.logLinks),
    cri,
    clock,
    journal,
    terminator,
    startContainer: containerStarter({
      cri,
      clock,
      journal,
      images,
      terminator,
      inputs: { environment: async () => [], mounts: async () => [] },
      startOn: () => ({ cpusetCpus: '', cpusetMems: '' }),
      devices: async () => ({ envs: {}, mounts: [], devices: [], annotations: {}, cdiDevices: [] }),
      resources: () => ({
        ...cfs,
        cgroupVersion: 2,
        nodeMemoryBytes: 2 ** 30,
        singleProcessOomKill: false,
        swapControllable: false,
        swap: { limited: false, nodeSwapBytes: 0 },
        memoryQos: undefined,
        hugePageSizes: [],
      }),
      ...paths,
      clusterDomain: 'cluster.local',
      seccompDefault: false,
      version: '1.37',
    }),
    sandboxConfig: sandboxRenderer({
      journal,
      nodeName: 'node-1',
      logsRoot: paths.logsRoot,
      resolvConf: '',
      clusterDns: ['10.96.0.10'],
      clusterDomain: 'cluster.local',
      cgroupParent: () => '',
      ...cfs,
    }),
    runtimeHandler: async () => '',
    countRestart: (pod, name, endedAt) => {
      const container = findContainer(pod, name)?.container;
      if (container !== undefined) backoff.bump(backoffKey(pod, container), endedAt, clock.now());
    },
  });
  const done: string[] = [];
  let cgroupIsThere = false;
  const sync = createPodSync({
    cache: pleg,
    clock,
    journal,
    statuses,
    catalog: { mirrorOf: () => given.mirror?.() },
    probes,
    volumes: {
      mount: async () => given.volumes ?? new Map(),
      unmount: async (uid) => void done.push(`unmount ${uid}`),
    },
    allocations,
    cgroups: {
      ensurePod: async () => {
        cgroupIsThere = true;
      },
      exists: () => cgroupIsThere,
      current: () => undefined,
      removePod: async () => void done.push('remove cgroup'),
    },
    objects: undefined,
    ensureMirror: undefined,
    mirrorsKnown: given.mirrorsKnown,
    facts: { hostIps: () => ['172.18.0.3'] },
    runtimeState: { networkError: () => undefined },
    execute,
    unprepareClaims: given.unprepareClaims ?? (async () => {}),
    terminator,
    backoff,
    rootDir: paths.rootDir,
    startedAt: clock.now() + (given.startedLaterMs ?? 0),
  });
  const workers = createPodWorkers({ sync, cache: pleg, clock, journal, syncFrequencyMs: 60_000 });
  pleg.onEvents((events) => workers.wake(events[0]?.uid ?? ''));
  const abort = new AbortController();
  void pleg.run(abort.signal);
  /** Files are written for real, so real time passes beside the clock's: a millisecond each. */
  const settle = async (until: () => boolean) => {
    for (let i = 0; i < 5000 && !until(); i += 1) {
      await clock.advance(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(until()).toBe(true);
  };
  const status = (pod: Pod) => held.get(pod.metadata?.uid ?? '');
  const events = () =>
    journal.records.flatMap((record) => {
      const event = projectionOf(record).event?.(record);
      return event === undefined ? [] : [`${event.reason}: ${event.message}`];
    });
  const did = () => cri.calls.filter((call) => !call.startsWith('imageStatus'));
  const loseCgroup = () => {
    cgroupIsThere = false;
  };
  return {
    sync,
    loseCgroup,
    clock,
    cri,
    workers,
    statuses,
    status,
    settle,
    history,
    done,
    hastened,
    events,
    did,
    paths,
    abort,
  };
}

const once = (exitCode: number) =>
  aPod({ restartPolicy: 'Never', containers: [aContainer('main')] }, { uid: `once-${exitCode}` });

test('a pod is started, seen to run, and said to', async () => {
  const { workers, settle, status, did, events, paths, cri } = await aKubelet();
  const pod = aPod();
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  expect(did()).toEqual(['runPodSandbox web', 'createContainer main', 'startContainer main-2']);
  expect(status(pod)).toMatchObject({ podIP: '10.244.1.1', containerStatuses: [{ ready: true, started: true }] });
  expect(events()).toEqual([
    'Pulled: Container image "busybox:1.37" already present on machine and can be accessed by the pod',
    'Created: Container created',
    'Started: Container started',
  ]);
  const [container] = [...cri.containers.values()];
  const mounts = new Map(container?.config.mounts.map(({ containerPath, hostPath }) => [containerPath, hostPath]));
  expect(await readFile(mounts.get('/etc/hosts') ?? '', 'utf8')).toContain('10.244.1.1\tweb\n');
  expect(await readFile(mounts.get('/dev/termination-log') ?? '', 'utf8')).toBe('');
  expect(await readlink(join(paths.logLinks, 'web_default_main-main-2.log'))).toBe(
    join(paths.logsRoot, 'default_web_uid-1/main/0.log'),
  );
});

test('only a container that has started and is not known to be ready is asked for it at once', async () => {
  const { workers, settle, status, hastened } = await aKubelet();
  const readinessProbe = { exec: { command: ['true'] } };
  const pod = aPod({ containers: [aContainer('probed', { readinessProbe }), aContainer('other')] });
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  expect(new Set(hastened)).toEqual(new Set(['uid-1 probed']));
});

test.each([
  [0, 'Succeeded'],
  [3, 'Failed'],
])('a pod that runs once and exits %i has %s, and everything is given back', async (exitCode, phase) => {
  const { workers, settle, status, cri, done, history, paths } = await aKubelet();
  const pod = once(exitCode);
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  const users = join(paths.rootDir, 'pods', pod.metadata?.uid ?? '', 'userns');
  await writeFile(users, '');
  cri.exit('main-2', exitCode);
  await settle(() => history.at(-1) === 'finished');
  expect(history).toEqual(['Pending', 'Running', phase, 'finished']);
  expect(done).toEqual([`unmount once-${exitCode}`, 'remove cgroup']);
  expect(existsSync(users)).toBe(false);
  expect(cri.sandboxes.get('sandbox-1')?.state).toBe(1);
});

test('a container that exits comes back at once, then after ten seconds, in the same sandbox', async () => {
  const { workers, settle, status, cri, clock, did, events } = await aKubelet();
  const pod = aPod();
  const count = () => status(pod)?.containerStatuses?.[0]?.restartCount;
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  cri.exit('main-2', 1);
  await settle(() => count() === 1 && status(pod)?.containerStatuses?.[0]?.ready === true);
  cri.exit('main-3', 1);
  await settle(() => status(pod)?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
  expect(events()).toContain('BackOff: Back-off restarting failed container main in pod web_default(uid-1)');
  await clock.advance(10_000);
  workers.wake('uid-1');
  await settle(() => count() === 2);
  expect(did().filter((call) => call.startsWith('runPodSandbox'))).toHaveLength(1);
});

test('a deleted pod’s containers are told to stop within its grace period', async () => {
  const { workers, settle, status, did, history } = await aKubelet();
  const pod = aPod();
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  workers.update(deleted(pod, 7));
  await settle(() => history.at(-1) === 'finished');
  expect(did().slice(3)).toEqual(['stopContainer main-2 7', 'stopPodSandbox sandbox-1']);
});

test('a sandbox that cannot be made is said so, and tried for again', async () => {
  const { workers, settle, cri, events, status } = await aKubelet();
  cri.failNext('runPodSandbox', new CriError('RunPodSandbox', 'other', 'Unknown', 'no network'));
  const pod = aPod();
  workers.update(pod);
  await settle(() => events().length > 0);
  expect(events()[0]).toBe(
    'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = no network',
  );
  expect(status(pod)?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
  workers.wake('uid-1');
  await settle(() => status(pod)?.phase === 'Running');
});

test('a sandbox that was made and is not told of is said so, and looked for again', async () => {
  const { workers, settle, cri, events, status } = await aKubelet();
  cri.failNext('podSandboxStatus', new CriError('PodSandboxStatus', 'other', 'Unknown', 'no answer'));
  const pod = aPod();
  workers.update(pod);
  await settle(() => events().length > 0);
  expect(events()[0]).toBe(
    'FailedPodSandBoxStatus: Unable to get pod sandbox status: rpc error: code = Unknown desc = no answer',
  );
  workers.wake('uid-1');
  await settle(() => status(pod)?.phase === 'Running');
});

test('what the pod claims is made ready before its sandbox is, and given back after its containers have ended', async () => {
  const order: string[] = [];
  let [refusals, away] = [1, 1];
  const { workers, settle, cri, status, did, history } = await aKubelet({
    prepareClaims: async () => {
      order.push(`prepare after ${did().length} calls`);
      if (refusals-- > 0) throw new Error('DRA driver x is not registered');
    },
    unprepareClaims: async () => {
      order.push(`unprepare after ${history.at(-1)}`);
      if (away-- > 0) throw new Error('driver is away');
    },
  });
  const pod = aPod({ restartPolicy: 'Never' });
  workers.update(pod);
  await settle(() => order.length === 1);
  workers.wake('uid-1');
  await settle(() => status(pod)?.phase === 'Running');
  expect(order).toEqual(['prepare after 0 calls', 'prepare after 0 calls']);
  cri.exit('main-2', 0);
  await settle(() => history.at(-1) === 'finished');
  expect(order.slice(2)).toEqual(['unprepare after Succeeded', 'unprepare after Succeeded']);
});

test('one container that cannot start does not hold back the next', async () => {
  const { workers, settle, status, cri } = await aKubelet();
  cri.failNext('createContainer', new CriError('CreateContainer', 'other', 'Unknown', 'bad mount'));
  const pod = aPod({ containers: [aContainer('a'), aContainer('b')] });
  workers.update(pod);
  await settle(() => status(pod)?.containerStatuses?.[1]?.ready === true);
  expect(status(pod)?.containerStatuses?.[0]?.state).toEqual({
    waiting: { reason: 'CreateContainerError', message: 'bad mount' },
  });
});

test('a container whose postStart hook fails is stopped as any other, and says what the hook did', async () => {
  const { workers, settle, status, cri, did, events } = await aKubelet();
  const commands: string[] = [];
  cri.execSync = async (_id, command) => {
    commands.push(command.join(' '));
    return { stdout: Buffer.from('out\n'), stderr: Buffer.from('err\n'), exitCode: 9 };
  };
  const lifecycle = { postStart: { exec: { command: ['sh', 'x'] } }, preStop: { exec: { command: ['bye'] } } };
  const pod = aPod({ containers: [aContainer('main', { lifecycle })], terminationGracePeriodSeconds: 5 });
  workers.update(pod);
  await settle(() => status(pod)?.containerStatuses?.[0]?.state?.waiting?.reason === 'PostStartHookError');
  expect(status(pod)?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
    `Exec lifecycle hook ([sh x]) for Container "main" in Pod "web_default(uid-1)" failed - error: command 'sh x' exited with 9: err\n, message: "out\\nerr\\n"`,
  );
  expect(commands.slice(0, 2)).toEqual(['sh x', 'bye']);
  expect(did()).toContain('stopContainer main-2 5');
  expect(events().slice(3, 6)).toEqual([
    'FailedPostStartHook: PostStartHook failed',
    'Killing: FailedPostStartHook',
    'FailedPreStopHook: PreStopHook failed',
  ]);
});

test('a container whose volume is an image that is not there waits for it, and its own image is not asked for', async () => {
  const image = { reference: 'no:1', pullPolicy: 'IfNotPresent' };
  const { workers, settle, status, events, did } = await aKubelet({
    volumes: new Map([['v', { hostPath: '', readOnly: true, image }]]),
  });
  const pod = aPod({ containers: [aContainer('main', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })] });
  workers.update(pod);
  await settle(() => status(pod)?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull');
  expect(events().slice(0, 3)).toEqual([
    'Pulling: Pulling image "no:1"',
    expect.stringMatching(/^Failed: Failed to pull image "no:1"/),
    'Failed: Error: ErrImagePull',
  ]);
  expect(did().filter((call) => call.startsWith('createContainer'))).toEqual([]);
});

test('a deadline that passes is said once, whoever sees it first', async () => {
  const { workers, settle, status, events, clock, sync, history } = await aKubelet();
  const pod = aPod({ activeDeadlineSeconds: 5 });
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  await clock.advance(4000);
  sync.refreshStatus(pod);
  expect(events().filter((event) => event.startsWith('DeadlineExceeded'))).toEqual([]);
  await clock.advance(1000);
  sync.refreshStatus(pod);
  workers.wake('uid-1');
  await settle(() => history.at(-1) === 'finished');
  expect(events().filter((event) => event.startsWith('DeadlineExceeded'))).toHaveLength(1);
});

test('a kubelet that comes back leaves alone what runs', async () => {
  const before = await aKubelet();
  const pod = aPod();
  before.workers.update(pod);
  await before.settle(() => before.status(pod)?.phase === 'Running');
  const calls = before.did().length;
  before.workers.abandon();
  before.statuses.forget('uid-1');
  const again = before.workers;
  again.forgetFinished(() => false);
  again.update(pod);
  await before.settle(() => before.status(pod)?.phase === 'Running');
  expect(before.did()).toHaveLength(calls);
});

test('a static pod that runs keeps the readiness its mirror tells of, once the mirror is known', async () => {
  let mirror: Pod | undefined;
  const kubelet = await aKubelet({
    startedLaterMs: 60_000,
    mirror: () => mirror,
    mirrorsKnown: async () => {
      mirror = known;
    },
  });
  const probed = aContainer('main', { readinessProbe: { exec: { command: ['true'] } } });
  const pod = aPod({ containers: [probed] }, { annotations: { 'kubernetes.io/config.source': 'file' } });
  let known: Pod | undefined;
  kubelet.workers.update(pod);
  await kubelet.settle(() => kubelet.status(pod)?.phase === 'Running');
  expect(kubelet.status(pod)?.containerStatuses?.[0]?.ready).toBe(false);
  const status = kubelet.status(pod);
  known = {
    ...pod,
    status: { ...status, containerStatuses: status?.containerStatuses?.map((s) => ({ ...s, ready: true })) ?? [] },
  };
  kubelet.workers.abandon();
  kubelet.statuses.forget('uid-1');
  kubelet.workers.forgetFinished(() => false);
  kubelet.workers.update(pod);
  await kubelet.settle(() => kubelet.status(pod)?.containerStatuses?.[0]?.ready === true);
});

test('a pod that runs where its cgroup is not is started anew, once', async () => {
  const { workers, settle, status, did, loseCgroup, history } = await aKubelet();
  const pod = aPod({ terminationGracePeriodSeconds: 3 });
  workers.update(pod);
  await settle(() => status(pod)?.phase === 'Running');
  loseCgroup();
  workers.update({ ...pod, metadata: { ...pod.metadata, labels: { new: 'version' } } });
  const starts = () => did().filter((call) => call.startsWith('startContainer')).length;
  await settle(() => starts() === 2 && status(pod)?.containerStatuses?.[0]?.ready === true);
  expect(did().filter((call) => call.startsWith('stopContainer'))).toHaveLength(1);
  expect(history).not.toContain('Failed');
});
