import { expect, test } from 'vitest';
import { ApiError } from '../../../api/errors.ts';
import { fakeApi } from '../../../api/fake.ts';
import type { Clock } from '../../../base/clock.ts';
import { silentProgress } from '../../../base/progress.ts';
import { fakeEngine } from '../../../engine/fake.ts';
import { planNetwork } from '../plan.ts';
import { apiResources } from '../testing/api-resources.ts';
import { calicoShape } from '../testing/calico-shape.ts';
import { readWanted } from '../wanted.ts';
import { type InstallOptions, installNetwork } from './install.ts';

const record = '/api/v1/namespaces/kube-system/configmaps/klab-cni';
const daemonSet = '/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node';
const settings = { podSubnets: ['10.244.0.0/16'], controlPlaneEndpoint: 'lab:6443', clusterDns: '10.96.0.10' };
const onNode = JSON.stringify({
  images: ['cni', 'node', 'kube-controllers'].map((name) => ({ repoTags: [`quay.io/calico/${name}:v3.33.1`] })),
});

/** Time that passes as soon as someone sleeps. */
function hurriedClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      now += ms;
    },
  };
}

async function aLab(changes: Partial<InstallOptions> = {}) {
  const api = fakeApi(apiResources());
  const engine = fakeEngine({
    command: (_node, argv) => {
      if (argv[0] === 'crictl') return onNode;
      if (argv[1] === '-fc') return '0 0\n1 2\n';
      if (argv[0] !== '/usr/lib/klab/bin/node') return undefined;
      if (argv[2]?.includes('rmp')) return '{"stopped":["kube-system/coredns"],"failed":[]}';
      if (argv[2]?.includes('iptables-save')) {
        return '{"interfaces":["eth0","cali1"],"routes":[],"rules":{"ipv4":"","ipv6":""}}';
      }
      return '{"configs":[{"file":"10-calico.conflist","text":"{}"}],"binaries":[]}';
    },
  });
  await engine.runContainer({ name: 'lab', image: 'x', kind: 'machine' });
  const stdin = async () => calicoShape();
  const signal = new AbortController().signal;
  const wanted = await readWanted(
    { kind: 'calico', manifest: '-' },
    { sha256: undefined, cacheDir: '/nowhere', env: {}, cwd: '/', stdin, signal },
  );
  const plan = planNetwork(wanted, settings, { mtu: 1500, tunnels: { ipip: true, vxlan: true } }, 'auto');
  const options: InstallOptions = {
    engine,
    api,
    clock: hurriedClock(),
    progress: silentProgress,
    signal,
    cluster: 'lab',
    nodes: ['lab'],
    settings,
    waitMs: 5000,
    retain: false,
    ...changes,
  };
  const sysctls = () => engine.done.filter((line) => line.includes('sysctl -q -w'));
  return { api, engine, sysctls, install: () => installNetwork(plan, options) };
}

test('without waiting: sysctls, objects and the record', async () => {
  const { api, sysctls, install } = await aLab({ waitMs: 0 });
  await install();
  expect(sysctls()).toEqual([
    'exec lab sysctl -q -w net.ipv4.ip_forward=1',
    'exec lab sysctl -q -w net.ipv4.conf.all.rp_filter=0',
  ]);
  expect(api.at(daemonSet)).toBeDefined();
  expect(api.at(record)).toMatchObject({ data: { network: 'calico', source: 'standard input' } });
});

test('an object that is refused: objects and sysctls are as they were', async () => {
  const { api, sysctls, install } = await aLab();
  api.failNext(`PATCH ${daemonSet}`, new ApiError(422, 'Invalid', 'no'));
  await expect(install()).rejects.toMatchObject({
    code: 'APPLY_FAILED',
    hint: 'what was applied has been removed again; --retain keeps it',
  });
  expect(sysctls().at(-1)).toBe('exec lab sysctl -q -w net.ipv4.ip_forward=0 net.ipv4.conf.all.rp_filter=2');
  expect(api.at(record)).toBeUndefined();
  expect(api.at('/api/v1/namespaces/kube-system/serviceaccounts/calico-node')).toBeUndefined();
});

test('nodes that do not get Ready: what is missing, and everything taken back', async () => {
  const { api, engine, install } = await aLab();
  api.put('/api/v1/nodes/lab', { kind: 'Node', metadata: { name: 'lab' } });
  await expect(install()).rejects.toMatchObject({
    code: 'CNI_NOT_READY',
    message: 'the network was not ready after 5s: calico-node has no pod on lab yet',
  });
  expect(api.at(daemonSet)).toBeUndefined();
  expect(engine.done).toContain('exec lab rm -f /etc/cni/net.d/10-calico.conflist');
  expect(engine.done).toContain('exec lab ip link del cali1');
});

test('--retain leaves what was applied', async () => {
  const { api, install } = await aLab({ retain: true });
  api.put('/api/v1/nodes/lab', { kind: 'Node', metadata: { name: 'lab' } });
  await expect(install()).rejects.toMatchObject({ code: 'CNI_NOT_READY' });
  expect(api.at(daemonSet)).toBeDefined();
});
