import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import {
  ask,
  bestEffort,
  burstable,
  configureKubelet,
  containerCgroup,
  driver,
  gone,
  has,
  kubepods,
  mebi,
  memTotal,
  podCgroup,
  podOf,
  read,
  removePod,
  restartKubelet,
  running,
  sh,
  soon,
  weightOfMilli,
  writePod,
} from './node.ts';

/** What pods may use, as the kernel has it. */

/** runc 1.3.2 and later spread v1's shares over v2's weights so that 1024 is 100; before, by the line that Kubernetes has. */
const runcWeightOf = (shares: number): number => {
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
};

before(async () => {
  console.log(await sh('uname -r; cat /sys/fs/cgroup/cgroup.controllers; runc --version; containerd --version'));
  console.log(await sh('systemctl --version | head -1; stat -fc %T /sys/fs/cgroup; free -m'));
  await soon('containerd', () => sh('crictl version'));
  await configureKubelet({
    kubeReserved: { cpu: '100m', memory: '200Mi', pid: '1000' },
    podPidsLimit: 60,
    memoryThrottlingFactor: 0.9,
    memoryReservationPolicy: 'TieredReservation',
    memorySwap: { swapBehavior: 'LimitedSwap' },
    failSwapOn: false,
  });
  await sh('fallocate -l 256M /swap && chmod 600 /swap && mkswap /swap && swapon /swap');
  await restartKubelet();
});

test('the containers’ driver is the one that was asked for', async () => {
  const { runtimeHandlers, ...info } = JSON.parse(await sh('crictl info')) as Record<string, unknown>;
  assert.ok(runtimeHandlers ?? info);
  const { kubeletconfig } = JSON.parse(await ask('/configz')) as { kubeletconfig: { cgroupDriver: string } };
  assert.equal(kubeletconfig.cgroupDriver, driver);
});

test('kubepods holds what pods may use together, and hands the controllers down', () => {
  const offered = read('/', 'cgroup.controllers')
    .split(' ')
    .filter((name) => name !== 'io' && name !== 'misc');
  for (const path of [kubepods, burstable, bestEffort]) {
    const own = read(path, 'cgroup.controllers').split(' ');
    for (const controller of offered) assert.ok(own.includes(controller), `${path} lacks ${controller}: ${own}`);
  }
  assert.equal(read(kubepods, 'memory.max'), String(memTotal - 200 * mebi));
  assert.equal(read(kubepods, 'cpu.weight'), String(weightOfMilli(900)));
  const processes = ['pid_max', 'threads-max'].map((name) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8')));
  assert.equal(read(kubepods, 'pids.max'), String(Math.min(...processes) - 1000));
  assert.equal(read(bestEffort, 'cpu.weight'), '1');
  assert.equal(read(burstable, 'cpu.weight'), '1');
  assert.equal(read(burstable, 'memory.max'), 'max');
});

test('a guaranteed pod', async () => {
  const amounts = { cpu: '200m', memory: '64Mi' };
  writePod('guaranteed', [{ resources: { limits: amounts, requests: amounts } }]);
  const { uid, containers } = await running('guaranteed');
  const pod = podCgroup(kubepods, uid);
  const container = containerCgroup(pod, containers[0]?.id ?? '');
  const seen = (path: string, ...files: readonly string[]) =>
    Object.fromEntries(files.map((file) => [file, read(path, file)]));
  assert.deepEqual(seen(pod, 'cpu.max', 'cpu.weight', 'memory.max', 'memory.min', 'memory.high', 'pids.max'), {
    'cpu.max': '20000 100000',
    'cpu.weight': String(weightOfMilli(200)),
    'memory.max': String(64 * mebi),
    'memory.min': String(64 * mebi),
    'memory.high': 'max',
    'pids.max': '60',
  });
  assert.deepEqual(
    seen(
      container,
      ...['cpu.max', 'cpu.weight', 'memory.max', 'memory.min', 'memory.low', 'memory.high'],
      ...['memory.swap.max', 'memory.oom.group'],
    ),
    {
      'cpu.max': '20000 100000',
      'cpu.weight': String(runcWeightOf(204)),
      'memory.max': String(64 * mebi),
      'memory.min': String(64 * mebi),
      'memory.low': '0',
      'memory.high': 'max',
      'memory.swap.max': '0',
      'memory.oom.group': '1',
    },
  );
});

test('a burstable pod: limits only where every container has one; its class weighs what it asks for', async () => {
  writePod('burstable', [
    { name: 'limited', resources: { requests: { cpu: '100m', memory: '32Mi' }, limits: { memory: '96Mi' } } },
    { name: 'free', resources: { requests: { cpu: '50m' } } },
  ]);
  const { uid, containers } = await running('burstable');
  const pod = podCgroup(burstable, uid);
  const limited = containerCgroup(pod, containers.find(({ name }) => name === 'limited')?.id ?? '');
  const free = containerCgroup(pod, containers.find(({ name }) => name === 'free')?.id ?? '');
  assert.equal(read(pod, 'cpu.max'), 'max 100000');
  assert.equal(read(pod, 'memory.max'), 'max');
  assert.equal(read(pod, 'cpu.weight'), String(weightOfMilli(150)));
  assert.equal(read(burstable, 'cpu.weight'), String(weightOfMilli(150)));
  assert.equal(read(pod, 'memory.low'), String(32 * mebi));
  assert.equal(read(limited, 'memory.max'), String(96 * mebi));
  assert.equal(read(limited, 'memory.low'), String(32 * mebi));
  assert.equal(read(limited, 'memory.min'), '0');
  // Request plus nine tenths of what lies between it and the limit, in whole pages.
  assert.equal(read(limited, 'memory.high'), String(Math.floor((32 * mebi + 0.9 * 64 * mebi) / 4096) * 4096));
  // Pods of files are critical ones, which do not swap whatever they ask for.
  assert.equal(read(limited, 'memory.swap.max'), '0');
  assert.equal(read(free, 'memory.swap.max'), '0');
  assert.equal(read(free, 'memory.max'), 'max');
  assert.equal(read(burstable, 'memory.low'), String(32 * mebi));
  assert.equal(read(kubepods, 'memory.low'), String(32 * mebi));
  assert.equal(read(kubepods, 'memory.min'), String((64 + 32) * mebi));
});

test('a best-effort pod weighs least and has no limit but that of processes', async () => {
  writePod('effort', [{ script: 'i=0; while [ $i -lt 90 ]; do sleep 9999 & i=$((i+1)); done; wait' }]);
  const { uid } = await soon('effort', async () => podOf('effort'));
  const pod = podCgroup(bestEffort, uid);
  await soon('its cgroup', () => (has(pod) ? true : undefined));
  assert.equal(read(pod, 'cpu.weight'), '1');
  assert.equal(read(pod, 'cpu.max'), 'max 100000');
  assert.equal(read(pod, 'memory.max'), 'max');
  // The shell gives up when it may not fork.
  await soon('a fork that was refused', () => sh(`grep -rh "can't fork" /var/log/pods/default_effort-*/`));
  assert.ok(Number(read(pod, 'pids.current')) <= 60);
  removePod('effort');
  await gone(pod);
});

test('a limit of CPU throttles', async () => {
  writePod('busy', [{ script: 'while :; do :; done', resources: { limits: { cpu: '100m', memory: '32Mi' } } }]);
  const { uid } = await running('busy');
  const pod = podCgroup(kubepods, uid);
  const used = () => Number(/^usage_usec (\d+)/m.exec(read(pod, 'cpu.stat'))?.[1]);
  const throttled = () => Number(/^nr_throttled (\d+)/m.exec(read(pod, 'cpu.stat'))?.[1]);
  await soon('twenty periods in which it had to wait', () => (throttled() > 20 ? true : undefined));
  const [usedBefore, at] = [used(), performance.now()];
  await soon('forty', () => (throttled() > 40 ? true : undefined));
  const share = (used() - usedBefore) / 1000 / (performance.now() - at);
  assert.ok(share < 0.2, `it used ${share} of a CPU`);
  removePod('busy');
  await gone(pod);
});

test('too much memory: the whole container is killed, and the status says so', async () => {
  // The first process only waits: without memory.oom.group it would live on.
  const script = 'tail /dev/zero & wait; sleep 9999';
  writePod('greedy', [{ script, resources: { limits: { cpu: '500m', memory: '32Mi' } } }]);
  const pod = await soon('a container that was killed', async () => {
    const seen = await podOf('greedy');
    return seen?.containers[0]?.lastReason === 'OOMKilled' ? seen : undefined;
  });
  const cgroup = podCgroup(kubepods, pod.uid);
  assert.match(read(cgroup, 'memory.events'), /^oom_kill [1-9]/m);
  assert.match(read(cgroup, 'memory.events'), /^oom_group_kill [1-9]/m);
  removePod('greedy');
  await gone(cgroup);
});
