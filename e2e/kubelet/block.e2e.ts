import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { loopDevice } from './loop-device.ts';

/** Raw block volumes: a device of the node in a container. */

const image = 'docker.io/library/busybox:1.37';
let cluster: Cluster;
let node = '';
let ns: Awaited<ReturnType<Cluster['namespace']>>;
let device: Awaited<ReturnType<typeof loopDevice>>;

beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  ns = await cluster.namespace('block');
  device = await loopDevice(cluster, node, ns.name);
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'none', volumeMode: 'Block' };
  const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }];
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: ns.name },
    spec: {
      ...common,
      capacity: { storage: '4Mi' },
      local: { path: device.path },
      nodeAffinity: { required: { nodeSelectorTerms: terms } },
    },
  });
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'device', namespace: ns.name },
    spec: { ...common, volumeName: ns.name, resources: { requests: { storage: '4Mi' } } },
  });
});
afterAll(async () => {
  await ns?.remove();
  await cluster?.kubectl(['delete', 'pv', ns.name, '--ignore-not-found', '--wait=false']);
  await device?.remove();
});

const create = (name: string, use: object, readOnly = false) =>
  cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ns.name },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image, command: ['sleep', '99999'], ...use }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'device', readOnly } }],
    },
  });
const passed = { volumeDevices: [{ name: 'data', devicePath: '/dev/xvda' }] };
const kubectl = (...args: string[]) => cluster.kubectl(['-n', ns.name, ...args]);
const ready = (name: string) => kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
const inPod = (name: string, script: string) => kubectl('exec', name, '--', 'sh', '-c', script);
const remove = (name: string) => kubectl('delete', 'pod', name, '--wait=true', '--timeout=60s');
const uidOf = (name: string) => kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}');

test('what one pod writes to a device another one reads, over a restart of the kubelet', async () => {
  await create('writer', passed);
  await ready('writer');
  expect(
    await inPod('writer', '[ -b /dev/xvda ] && echo kept | dd of=/dev/xvda conv=fsync 2>/dev/null && echo written'),
  ).toBe('written');
  const folder = `/var/lib/kubelet/pods/${await uidOf('writer')}`;
  const link = `${folder}/volumeDevices/kubernetes.io~local-volume/${ns.name}`;
  expect((await cluster.onNode(node, ['readlink', link])).trim()).toBe(device.path);

  await cluster.onNode(node, ['systemctl', 'restart', 'kubelet']);
  await eventually('the pod is known again', () => inPod('writer', 'echo here'));
  await remove('writer');
  await eventually('nothing is left of the pod', async () =>
    (await cluster.onNode(node, ['sh', '-c', `ls -d ${folder} 2>/dev/null || true`])) === '' ? true : undefined,
  );

  await create('reader', passed, true);
  await ready('reader');
  expect(await inPod('reader', 'head -c 4 /dev/xvda')).toBe('kept');
  expect(await inPod('reader', 'echo no | dd of=/dev/xvda 2>&1 | grep -o "Operation not permitted"')).toBe(
    'Operation not permitted',
  );
  await remove('reader');
});

test('a device is not mounted', async () => {
  await create('mounter', { volumeMounts: [{ name: 'data', mountPath: '/data' }] });
  await eventually('the Event', async () => {
    const events = await kubectl(
      'get',
      'events',
      '--field-selector=involvedObject.name=mounter',
      '-o',
      'jsonpath={.items[*].message}',
    );
    return events.includes('volume data has volumeMode Block, but is specified in volumeMounts') || undefined;
  });
  await remove('mounter');
});
