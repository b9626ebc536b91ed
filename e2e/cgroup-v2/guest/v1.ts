import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { configureKubelet, restartKubelet, sh, soon } from './node.ts';

/** On cgroup v1, which upstream has given up: the kubelet does not run there unless it is told to. */

test('the guest has cgroup v1', async () => {
  assert.ok(!existsSync('/sys/fs/cgroup/cgroup.controllers'));
  await soon('containerd', () => sh('crictl version'));
});

test('the kubelet refuses, and says what to do', async () => {
  await configureKubelet({});
  await sh('systemctl reset-failed kubelet || true; systemctl restart kubelet || true');
  const said = await soon('a refusal', () => sh("journalctl -u kubelet --no-pager | grep 'cgroup v1'"));
  assert.match(said, /set failCgroupV1 \(--fail-cgroupv1\) to false/);
});

test('told to, it runs', async () => {
  await configureKubelet({ failCgroupV1: false });
  await restartKubelet();
  await sh('systemctl stop kubelet');
});
