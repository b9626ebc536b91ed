import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleFixture } from '../harness/bundle-fixture.ts';
import { type Cluster, useCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { loopDevice } from './loop-device.ts';

/** Volumes of a CSI driver that is a process of its own on the node. */

const driver = 'folders.csi.klab.test';
/** One whose volumes a controller attaches to nodes. */
const attachedDriver = 'attached.csi.klab.test';
const image = 'docker.io/library/busybox:1.37';
let cluster: Cluster;
let node = '';
let ns: Awaited<ReturnType<Cluster['namespace']>>;

const onNode = (script: string) => cluster.onNode(node, ['sh', '-c', script]);
const calls = async (): Promise<string[]> =>
  (await onNode(`cat /var/lib/kubelet/plugins/${driver}/calls.log`))
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
const startDriver = (name = driver) =>
  onNode(
    `nohup /usr/lib/klab/bin/node /run/csi-plugin.cjs /var/lib/kubelet ${node} ${name} > /run/${name}.log 2>&1 & echo $! > /run/${name}.pid`,
  );
const stopDriver = (name = driver) => onNode(`kill $(cat /run/${name}.pid)`);
async function driversOfNode(): Promise<readonly { readonly name: string; readonly nodeID: string }[]> {
  type CsiNode = { spec: { drivers?: { name: string; nodeID: string }[] } };
  const { spec } = await cluster.json<CsiNode>(['get', 'csinode', node]);
  return spec.drivers ?? [];
}
const registered = (name = driver) =>
  eventually('the driver in the CSINode', async () => (await driversOfNode()).find((known) => known.name === name));

const aPod = (name: string, volume: object, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns.name },
  spec: {
    nodeName: node,
    // With none at all the API server forgets the pod before its volumes are given back.
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image,
        command: ['sh', '-c', 'echo from $HOSTNAME >> /data/file; sleep 99999'],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', ...volume }],
    ...more,
  },
});
const ready = (name: string) =>
  cluster.kubectl(['-n', ns.name, 'wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
const inPod = (name: string, ...argv: string[]) => cluster.kubectl(['-n', ns.name, 'exec', name, '--', ...argv]);
const startedAt = (name: string) =>
  cluster.kubectl([
    '-n',
    ns.name,
    'get',
    'pod',
    name,
    '-o',
    'jsonpath={.status.containerStatuses[0].state.running.startedAt}',
  ]);
interface Claim {
  readonly status: {
    readonly capacity: { readonly storage: string };
    readonly allocatedResourceStatuses?: Readonly<Record<string, string>>;
  };
}
const remove = (name: string) =>
  cluster.kubectl(['-n', ns.name, 'delete', 'pod', name, '--wait=true', '--timeout=60s']);

/** A volume of the driver's, claimed. */
async function claim(name: string, by = driver): Promise<{ persistentVolumeClaim: { claimName: string } }> {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${ns.name}-${name}` },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'none',
      csi: { driver: by, volumeHandle: `${ns.name}-${name}` },
    },
  });
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: ns.name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'none',
      volumeName: `${ns.name}-${name}`,
      resources: { requests: { storage: '1Gi' } },
    },
  });
  return { persistentVolumeClaim: { claimName: name } };
}

beforeAll(async () => {
  cluster = await useCluster('default');
  node = `${cluster.name}-worker`;
  ns = await cluster.namespace('csi');
  await cluster.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name: driver },
    spec: {
      attachRequired: false,
      podInfoOnMount: true,
      volumeLifecycleModes: ['Persistent', 'Ephemeral'],
      fsGroupPolicy: 'File',
    },
  });
  await cluster.onNode(node, ['sh', '-c', 'cat > /run/csi-plugin.cjs'], { input: await bundleFixture('csi-plugin') });
  await startDriver();
  await registered();
});
afterAll(async () => {
  await onNode(`kill $(cat /run/${driver}.pid) || true`);
  await cluster.kubectl(['delete', 'csidriver', driver, attachedDriver, '--ignore-not-found']);
  const volumes = await cluster.kubectl(['get', 'pv', '-o', 'name']);
  const own = volumes.split('\n').filter((name) => name.includes(`/${ns.name}-`));
  await ns.remove();
  if (own.length > 0) await cluster.kubectl(['delete', ...own, '--wait=false']);
});

test('a registered driver stands in the CSINode with its own name for the node', async () => {
  expect(await registered()).toMatchObject({ nodeID: node, allocatable: { count: 7 } });
});

test('a claimed volume is staged, published, and given back in the other order', async () => {
  const before = (await calls()).length;
  const volume = await claim('staged');
  await cluster.apply(aPod('writer', volume));
  await ready('writer');
  await remove('writer');
  await cluster.apply(aPod('reader', volume));
  await ready('reader');
  expect(await inPod('reader', 'cat', '/data/file')).toBe('from writer\nfrom reader');
  await remove('reader');
  const once = ['stage', 'publish', 'unpublish', 'unstage'];
  await eventually('the last call', async () => ((await calls()).at(-1) === 'unstage' ? true : undefined));
  const made = (await calls()).slice(before).filter((name) => once.includes(name));
  expect(made).toEqual([...once, ...once]);
});

test('files belong to the pod’s group', async () => {
  await cluster.apply(aPod('grouped', await claim('grouped'), { securityContext: { fsGroup: 2345 } }));
  await ready('grouped');
  expect(await inPod('grouped', 'stat', '-c', '%g', '/data', '/data/file')).toBe('2345\n2345');
  await remove('grouped');
});

test('a volume that has grown is grown on the node, while its pod runs', async () => {
  await cluster.apply(aPod('grows', await claim('grown')));
  await ready('grows');
  const started = await startedAt('grows');
  // As a driver's controller does it, which this driver does not have.
  const size = (storage: string) => JSON.stringify({ spec: { capacity: { storage } } });
  await cluster.kubectl(['patch', 'pv', `${ns.name}-grown`, '--type=merge', '-p', size('2Gi')]);
  // The kubelet looks again at each sync of the pod: about once a minute, or when the pod changes.
  await cluster.kubectl(['-n', ns.name, 'annotate', 'pod', 'grows', 'look=again']);
  const status = await eventually('the claim’s new size', async () => {
    const found = await cluster.json<Claim>(['-n', ns.name, 'get', 'pvc', 'grown']);
    return found.status.capacity.storage === '2Gi' ? found.status : undefined;
  });
  expect(status.allocatedResourceStatuses).toBeUndefined();
  const log = await onNode(`grep '^expand ' /var/lib/kubelet/plugins/${driver}/calls.log`);
  const asked = JSON.parse(log.trim().split('\n').at(-1)?.slice('expand '.length) ?? '{}');
  expect(asked).toMatchObject({ volumeId: `${ns.name}-grown`, capacityRange: { requiredBytes: String(2 ** 31) } });
  expect(asked.volumePath).toContain('/mount');
  await eventually('the Event', async () => {
    const events = await cluster.kubectl(['-n', ns.name, 'get', 'events', '-o', 'jsonpath={.items[*].reason}']);
    return events.includes('FileSystemResizeSuccessful') ? true : undefined;
  });
  expect(await startedAt('grows')).toBe(started);
  await remove('grows');
});

test('its driver tells how full a volume is', async () => {
  await cluster.apply(aPod('measured', await claim('measured')));
  await ready('measured');
  type Summary = { pods: { podRef: { name: string }; volume?: { name: string }[] }[] };
  const volume = await eventually('the volume in the summary', async () => {
    const { pods } = JSON.parse(
      await cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`]),
    ) as Summary;
    return pods.find(({ podRef }) => podRef.name === 'measured')?.volume?.find(({ name }) => name === 'data');
  });
  expect(volume).toMatchObject({
    ...{ capacityBytes: 1000, usedBytes: 400, availableBytes: 600, inodes: 50, inodesUsed: 20, inodesFree: 30 },
    pvcRef: { name: 'measured', namespace: ns.name },
  });
  const metrics = await cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/metrics`]);
  const labels = `{namespace="${ns.name}",persistentvolumeclaim="measured"}`;
  expect(metrics).toContain(`kubelet_volume_stats_used_bytes${labels} 400`);
  await remove('measured');
});

test('a volume is mounted once it is attached, and detached once nobody uses it', async () => {
  type NodeVolumes = { status: { volumesInUse?: string[]; volumesAttached?: { name: string }[] } };
  const nodeVolumes = async () => (await cluster.json<NodeVolumes>(['get', 'node', node])).status;
  type Attachments = { items: { metadata: { name: string }; spec: { attacher: string; nodeName: string } }[] };
  const attachment = async () =>
    (await cluster.json<Attachments>(['get', 'volumeattachments'])).items.find(
      ({ spec }) => spec.attacher === attachedDriver && spec.nodeName === node,
    )?.metadata.name;

  await cluster.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name: attachedDriver },
    spec: { attachRequired: true },
  });
  await startDriver(attachedDriver);
  try {
    await registered(attachedDriver);
    await cluster.apply(aPod('attached', await claim('attached', attachedDriver)));
    const name = `kubernetes.io/csi/${attachedDriver}^${ns.name}-attached`;
    await eventually(
      'the volume in use',
      async () => ((await nodeVolumes()).volumesInUse ?? []).includes(name) || undefined,
    );
    // What the driver's attacher would say, which this driver does not have.
    const wanted = await eventually('the wish for it', attachment);
    const said = JSON.stringify({ status: { attached: true, attachmentMetadata: { slot: '7' } } });
    await cluster.kubectl(['patch', 'volumeattachment', wanted, '--subresource=status', '--type=merge', '-p', said]);
    await ready('attached');
    expect((await nodeVolumes()).volumesAttached?.map((volume) => volume.name)).toContain(name);
    const log = await onNode(`grep '^stage ' /var/lib/kubelet/plugins/${attachedDriver}/calls.log`);
    expect(log).toContain('"publishContext":{"slot":"7"}');
    // To wait for it is nothing to complain of.
    const events = await cluster.kubectl(['-n', ns.name, 'get', 'events', '-o', 'jsonpath={.items[*].message}']);
    expect(events).not.toContain('MountVolume.SetUp failed');

    await onNode('systemctl restart kubelet');
    await eventually('the pod is known again', () => inPod('attached', 'true').then(() => true));
    expect((await nodeVolumes()).volumesInUse).toEqual([name]);

    await remove('attached');
    await eventually(
      'nothing in use',
      async () => ((await nodeVolumes()).volumesInUse ?? []).length === 0 || undefined,
    );
    await eventually('the detachment', async () => ((await attachment()) === undefined ? true : undefined));
  } finally {
    // Its driver is needed to give the volume back.
    await cluster.kubectl(['-n', ns.name, 'delete', 'pod', 'attached', '--ignore-not-found', '--timeout=60s']);
    await stopDriver(attachedDriver);
    await onNode(`rm -f /var/lib/kubelet/plugins_registry/${attachedDriver}-reg.sock`);
  }
  await eventually('one driver less', async () =>
    (await driversOfNode()).every((known) => known.name !== attachedDriver) ? true : undefined,
  );
});

test('a raw volume is a device in the container', async () => {
  const device = await loopDevice(cluster, node, `${ns.name}-raw`);
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'none', volumeMode: 'Block' };
  const name = `${ns.name}-raw`;
  const csi = { driver, volumeHandle: name, volumeAttributes: { device: device.path } };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: { ...common, capacity: { storage: '4Mi' }, csi },
  });
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'raw', namespace: ns.name },
    spec: { ...common, volumeName: name, resources: { requests: { storage: '4Mi' } } },
  });
  const container = { name: 'main', image, command: ['sleep', '99999'] };
  const containers = [{ ...container, volumeDevices: [{ name: 'data', devicePath: '/dev/xvda' }] }];
  await cluster.apply(aPod('raw', { persistentVolumeClaim: { claimName: 'raw' } }, { containers }));
  await ready('raw');
  expect(await inPod('raw', 'sh', '-c', 'echo raw | dd of=/dev/xvda conv=fsync 2>/dev/null; head -c 3 /dev/xvda')).toBe(
    'raw',
  );
  await remove('raw');
  await eventually('nothing left of it', async () =>
    (await onNode('find /var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices -mindepth 2; true')) === ''
      ? true
      : undefined,
  );
  await device.remove();
});

test('an inline volume lives and ends with its pod', async () => {
  await cluster.apply(aPod('inline', { csi: { driver } }));
  await ready('inline');
  expect(await inPod('inline', 'cat', '/data/file')).toBe('from inline');
  await remove('inline');
  await eventually('no mount', async () =>
    (await onNode('grep -c kubernetes.io~csi /proc/mounts || true')) === '0' ? true : undefined,
  );
});

test('volumes stay through a restart of the kubelet and of the driver, and are given back after it', async () => {
  await cluster.apply(aPod('kept', await claim('kept')));
  await ready('kept');
  const { status } = await cluster.json<{ status: object }>(['-n', ns.name, 'get', 'pod', 'kept']);
  await stopDriver();
  await onNode('systemctl restart kubelet');
  await startDriver();
  await registered();
  // A restarted kubelet answers before it has heard of its pods.
  const file = await eventually('the pod is known again', () => inPod('kept', 'cat', '/data/file'));
  expect(file).toBe('from kept');
  await cluster.apply(aPod('another', { csi: { driver } }));
  await ready('another');
  await Promise.all([remove('kept'), remove('another')]);
  await eventually('no mount', async () =>
    (await onNode('grep -cE "kubernetes.io~csi|globalmount" /proc/mounts || true')) === '0' ? true : undefined,
  );
  expect(status).toMatchObject({ containerStatuses: [{ restartCount: 0 }] });
});
