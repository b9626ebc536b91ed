import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  below,
  bestEffort,
  burstable,
  gone,
  kubepods,
  mebi,
  podCgroup,
  read,
  removePod,
  restartKubelet,
  running,
  sh,
  soon,
  weightOfMilli,
  writePod,
} from './node.ts';

/** Limits over time: changed pods, restarts, and what is left behind. */

test('a changed file makes a pod of its new size, and nothing is left of the old one', async () => {
  const before = await running('guaranteed');
  const amounts = { cpu: '300m', memory: '80Mi' };
  writePod('guaranteed', [{ resources: { limits: amounts, requests: amounts } }]);
  const { uid } = await running('guaranteed', before.uid);
  const pod = podCgroup(kubepods, uid);
  assert.equal(read(pod, 'cpu.max'), '30000 100000');
  assert.equal(read(pod, 'memory.max'), String(80 * mebi));
  assert.equal(read(pod, 'cpu.weight'), String(weightOfMilli(300)));
  await gone(podCgroup(kubepods, before.uid));
});

test('limits stay through restarts of the kubelet and reloads of systemd', async () => {
  const { uid } = await running('guaranteed');
  const pod = podCgroup(kubepods, uid);
  const limits = () =>
    [pod, kubepods, burstable, bestEffort].map((path) =>
      ['cpu.max', 'cpu.weight', 'memory.max', 'memory.min', 'memory.low', 'pids.max'].map((file) => read(path, file)),
    );
  const asSet = limits();
  await sh('systemctl daemon-reload');
  // A unit that comes and goes makes systemd go over its slices.
  await sh('systemd-run --slice=system.slice true');
  assert.deepEqual(limits(), asSet);
  await restartKubelet();
  await running('guaranteed');
  assert.deepEqual(limits(), asSet);
  assert.equal((await running('guaranteed')).uid, uid);
});

test('a pod whose file went while the kubelet was away leaves no cgroup', async () => {
  const { uid } = await running('burstable');
  await sh('systemctl stop kubelet');
  removePod('burstable');
  await restartKubelet();
  await gone(podCgroup(burstable, uid));
  await soon('a class that weighs nothing', () => (read(burstable, 'cpu.weight') === '1' ? true : undefined));
});

test('when all pods are gone their cgroups and units are', async () => {
  removePod('guaranteed');
  const left = () =>
    [kubepods, burstable, bestEffort].flatMap((path) => below(path).filter((name) => /pod[0-9a-f]{8}/.test(name)));
  await soon('no pod', () => (left().length === 0 ? true : undefined));
  const units = () => sh("systemctl list-units --all --no-legend --plain 'kubepods-*pod*.slice' 'cri-containerd-*'");
  await soon('no unit of a pod', async () => ((await units()) === '' ? true : undefined));
  assert.equal(await sh('ls /run/systemd/transient | grep -c pod- || true'), '0');
});
