import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import type { KubeApi } from '../../api/port.ts';
import type { Node } from '../../api/types.ts';
import { systemClock } from '../../base/clock.ts';
import { NodeService } from '../../cri/generated/csi.ts';
import { RegistrationService } from '../../cri/generated/pluginregistration.ts';
import { createJournal } from '../../journal/journal.ts';
import { pluginWatcher } from '../plugins/index.ts';
import { type CsiVolume, type CsiVolumes, csiVolumes, NotAttachedYet } from './index.ts';
import { attachmentName, stagingFolder } from './places.ts';

type Request = Record<string, unknown>;
type Answer = (error: null, response: object) => void;

const driverName = 'test.csi.example';
const pod = (uid: string) => ({
  metadata: { name: `pod-${uid}`, namespace: 'default', uid },
  spec: { containers: [], serviceAccountName: 'robot' },
});
const persistent: CsiVolume = {
  driver: driverName,
  handle: 'vol-1',
  specName: 'pv-1',
  inline: false,
  block: false,
  readOnly: false,
  fsType: 'ext4',
  attributes: { tier: 'fast' },
  mountOptions: [],
  accessModes: ['ReadWriteOnce'],
  stageSecret: undefined,
  publishSecret: undefined,
};

let root: string;
let stop: AbortController;
let calls: { readonly method: string; readonly request: Request }[];
let objects: Map<string, unknown>;
let csi: CsiVolumes;
let server: Server;
let watching: Promise<void>;

const notFound = () => Promise.reject(new ApiError(404, 'NotFound', 'not found'));
const unused = () => Promise.reject(new Error('not used'));

/** Keeps whole objects by path. */
const api = (): KubeApi => ({
  get: <T>(path: string) => (objects.has(path) ? Promise.resolve(objects.get(path) as T) : notFound()),
  create: <T>(path: string, body: unknown) => {
    objects.set(`${path}/node-1`, body);
    return Promise.resolve(body as T);
  },
  replace: <T>(path: string, body: unknown) => {
    objects.set(path, body);
    return Promise.resolve(body as T);
  },
  patch: <T>(path: string, _type: string, body: unknown) => {
    objects.set(`${path}#patch`, body);
    return Promise.resolve(body as T);
  },
  list: unused,
  delete: (path: string) => {
    objects.delete(path);
    return Promise.resolve();
  },
  raw: unused,
  async *watch() {},
  closeConnections: () => undefined,
});

function serve(): Promise<void> {
  server = new Server();
  const answer =
    (method: string, response: object, act: (request: Request) => void = () => undefined) =>
    ({ request }: { request: Request }, done: Answer) => {
      calls.push({ method, request });
      act(request);
      done(null, response);
    };
  const socket = join(root, 'plugins_registry', 'test-reg.sock');
  server.addService(RegistrationService, {
    getInfo: answer('getInfo', { type: 'CSIPlugin', name: driverName, endpoint: socket, supportedVersions: ['1.0.0'] }),
    notifyRegistrationStatus: answer('notify', {}),
  });
  server.addService(NodeService, {
    nodeGetInfo: answer('info', {
      nodeId: 'id-1',
      maxVolumesPerNode: 7n,
      accessibleTopology: { segments: { 'topology.example/zone': 'a' } },
    }),
    nodeGetCapabilities: answer('capabilities', { capabilities: [{ rpc: { type: 1 } }, { rpc: { type: 3 } }] }),
    nodeStageVolume: answer('stage', {}),
    nodePublishVolume: answer('publish', {}, ({ targetPath }) => mkdirSync(String(targetPath), { recursive: true })),
    nodeUnpublishVolume: answer('unpublish', {}, ({ targetPath }) => rmSync(String(targetPath), { recursive: true })),
    nodeUnstageVolume: answer('unstage', {}),
    nodeExpandVolume: answer('expand', { capacityBytes: 2n ** 31n }),
  });
  return new Promise((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
}

/** The Node object, as the kubelet last saw it. */
let seen: Node;
let tellNode: (node: Node) => void;
let updates: number;
let attachedPods: string[];

const makeCsi = (): CsiVolumes =>
  csiVolumes({
    clock: systemClock,
    node: {
      node: () => seen,
      onNode: (listener) => {
        tellNode = (node) => {
          seen = node;
          listener(node);
        };
      },
      updateSoon: () => {
        updates += 1;
      },
    },
    onAttached: (uid) => void attachedPods.push(uid),
    rootDir: root,
    nodeName: 'node-1',
    api: api(),
    journal: createJournal(systemClock, []),
    token: () => Promise.resolve('a-token'),
  });

function watchPlugins(): void {
  stop = new AbortController();
  const journal = createJournal(systemClock, []);
  const folder = join(root, 'plugins_registry');
  watching = pluginWatcher({ folder, clock: systemClock, journal, handlers: { CSIPlugin: csi.handler } }).run(
    stop.signal,
  );
}

const registered = () => vi.waitFor(() => expect(calls.some(({ method }) => method === 'notify')).toBe(true));
const folderOf = (uid: string, name = 'pv-1') => join(root, 'pods', uid, 'volumes', 'kubernetes.io~csi', name);
const setUp = (uid: string, volume = persistent) =>
  csi.setUp(pod(uid), volume, { folder: folderOf(uid, volume.specName), giveToGroup: () => Promise.resolve() });
const tearDown = (uid: string) => csi.tearDown(uid, () => Promise.resolve());
const volumeCalls = () => calls.map(({ method }) => method).filter((method) => /^(un)?(stage|publish)$/.test(method));

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'csi-'));
  mkdirSync(join(root, 'plugins_registry'));
  calls = [];
  seen = {};
  updates = 0;
  attachedPods = [];
  objects = new Map<string, unknown>([
    ['/api/v1/nodes/node-1', { metadata: { name: 'node-1', uid: 'u' } }],
    [`/apis/storage.k8s.io/v1/csidrivers/${driverName}`, { spec: { attachRequired: false } }],
  ]);
  csi = makeCsi();
  watchPlugins();
  await serve();
  await registered();
});

afterEach(async () => {
  stop.abort();
  await watching;
  server.forceShutdown();
  rmSync(root, { recursive: true, force: true });
});

describe('drivers', () => {
  it('are told of to the API once they register', () => {
    expect(calls.find(({ method }) => method === 'notify')?.request).toEqual({ pluginRegistered: true, error: '' });
    expect(objects.get('/apis/storage.k8s.io/v1/csinodes/node-1')).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Node', uid: 'u' }] },
      spec: {
        drivers: [
          { name: driverName, nodeID: 'id-1', topologyKeys: ['topology.example/zone'], allocatable: { count: 7 } },
        ],
      },
    });
    expect(objects.get('/api/v1/nodes/node-1#patch')).toEqual({
      metadata: {
        annotations: { 'csi.volume.kubernetes.io/nodeid': `{"${driverName}":"id-1"}` },
        labels: { 'topology.example/zone': 'a' },
      },
    });
  });

  it('are unknown once their socket is gone', async () => {
    server.forceShutdown();
    rmSync(join(root, 'plugins_registry', 'test-reg.sock'), { force: true });
    await vi.waitFor(() => expect(setUp('a')).rejects.toThrow('not found in the list of registered CSI drivers'));
    await vi.waitFor(() =>
      expect(objects.get('/apis/storage.k8s.io/v1/csinodes/node-1')).toMatchObject({ spec: { drivers: [] } }),
    );
  });

  it('are few or many, the node tells of them once its object is there', async () => {
    objects.delete('/apis/storage.k8s.io/v1/csinodes/node-1');
    expect(csi.problem()).toBe('CSINode is not yet initialized');
    await csi.registered();
    expect(csi.problem()).toBeUndefined();
    expect(objects.get('/apis/storage.k8s.io/v1/csinodes/node-1')).toMatchObject({
      metadata: { annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': expect.stringContaining('aws-ebs') } },
      spec: { drivers: [] },
    });
  });

  it('of a node of the same name that is no more are forgotten', async () => {
    objects.set('/api/v1/nodes/node-1', { metadata: { name: 'node-1', uid: 'new' } });
    await csi.registered();
    expect(objects.get('/apis/storage.k8s.io/v1/csinodes/node-1')).toMatchObject({
      metadata: { ownerReferences: [{ uid: 'new' }] },
      spec: { drivers: [] },
    });
  });
});

describe('volumes', () => {
  it('are staged, published, unpublished and unstaged in turn, and leave nothing', async () => {
    expect(await setUp('a')).toBe(join(folderOf('a'), 'mount'));
    const data: unknown = JSON.parse(readFileSync(join(folderOf('a'), 'vol_data.json'), 'utf8'));
    expect(data).toMatchObject({ specVolID: 'pv-1', volumeHandle: 'vol-1', driverName, nodeName: 'node-1' });
    await tearDown('a');
    expect(volumeCalls()).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
    expect(existsSync(folderOf('a'))).toBe(false);
    expect(existsSync(stagingFolder(root, driverName, 'vol-1'))).toBe(false);
  });

  it('stay staged while another pod has them', async () => {
    await setUp('a');
    await setUp('b');
    await tearDown('a');
    expect(volumeCalls()).not.toContain('unstage');
    await tearDown('b');
    expect(volumeCalls().at(-1)).toBe('unstage');
  });

  it('are undone by a kubelet that did not set them up', async () => {
    await setUp('a');
    stop.abort();
    await watching;
    calls = [];
    csi = makeCsi();
    watchPlugins();
    await registered();
    await tearDown('a');
    expect(volumeCalls()).toEqual(['unpublish', 'unstage']);
  });

  it('wait until the node has said that they are in use, and the controller that they are attached', async () => {
    objects.delete(`/apis/storage.k8s.io/v1/csidrivers/${driverName}`);
    const attachment = `/apis/storage.k8s.io/v1/volumeattachments/${attachmentName('vol-1', driverName, 'node-1')}`;
    objects.set(attachment, { status: { attached: true, attachmentMetadata: { path: '/dev/x' } } });
    const name = `kubernetes.io/csi/${driverName}^vol-1`;
    expect(await csi.volumesInUse()).toEqual([]);
    await expect(setUp('a')).rejects.toBeInstanceOf(NotAttachedYet);
    expect(await csi.volumesInUse()).toEqual([name]);
    expect(updates).toBe(1);
    tellNode({ status: { volumesInUse: [name] } });
    await expect(setUp('a')).rejects.toThrow('not attached');
    tellNode({ status: { volumesAttached: [{ name, devicePath: '' }] } });
    await expect(setUp('a')).rejects.toThrow('in use');
    expect(attachedPods).toEqual([]);
    expect(volumeCalls()).toEqual([]);
    tellNode({ status: { volumesInUse: [name], volumesAttached: [{ name, devicePath: '' }] } });
    expect(attachedPods).toEqual(['a']);
    await setUp('a');
    expect(calls.find(({ method }) => method === 'stage')?.request.publishContext).toEqual({ path: '/dev/x' });

    // As a kubelet that starts finds it.
    csi = makeCsi();
    expect(await csi.volumesInUse()).toEqual([name]);
    watchPlugins();
    await vi.waitFor(() => tearDown('a'));
    expect(await csi.volumesInUse()).toEqual([]);
  });

  it('grow where the pod has them, and the claim is told', async () => {
    await setUp('a');
    expect(csi.isExpandable('a', 'pv-1')).toBe(true);
    const claim = { metadata: { namespace: 'default', name: 'data' }, status: { capacity: { storage: '1Gi' } } };
    const bound = { claim, pv: { spec: { capacity: { storage: '2Gi' } } }, folder: folderOf('a') };
    await csi.expand(pod('a'), persistent, bound);
    const staged = join(stagingFolder(root, driverName, 'vol-1'), 'globalmount');
    expect(calls.find(({ method }) => method === 'expand')?.request).toMatchObject({
      volumeId: 'vol-1',
      volumePath: expect.stringMatching(/volumes\/kubernetes\.io~csi\/[^/]+\/mount$/),
      stagingTargetPath: staged,
      capacityRange: { requiredBytes: 2n ** 31n },
    });
    expect(objects.get('/api/v1/namespaces/default/persistentvolumeclaims/data/status#patch')).toMatchObject({
      status: { capacity: { storage: '2Gi' }, allocatedResourceStatuses: { storage: null } },
    });
    await tearDown('a');
    expect(csi.isExpandable('a', 'pv-1')).toBe(false);
  });

  it('that are raw devices are published to a file, and what is left of them is given back', async () => {
    const block = { ...persistent, block: true };
    // As this driver publishes a folder.
    await expect(setUp('a', block)).rejects.toThrow('is not a block device');
    const folder = join(root, 'plugins/kubernetes.io/csi/volumeDevices');
    const target = join(folder, 'publish/pv-1/a');
    expect(calls.find(({ method }) => method === 'publish')?.request).toMatchObject({
      stagingTargetPath: join(folder, 'staging/pv-1'),
      targetPath: target,
      volumeCapability: { block: {}, mount: undefined },
    });
    expect(readlinkSync(join(root, 'pods/a/volumeDevices/kubernetes.io~csi/pv-1'))).toBe(target);
    await tearDown('a');
    expect(volumeCalls()).toEqual(['stage', 'publish', 'unpublish', 'unstage']);
    expect(readdirSync(folder).sort()).toEqual(['publish', 'staging']);
    expect([...readdirSync(join(folder, 'publish')), ...readdirSync(join(folder, 'staging'))]).toEqual([]);
  });

  it('that are published are not published again', async () => {
    await setUp('a');
    await setUp('a');
    expect(volumeCalls()).toEqual(['stage', 'publish']);
  });

  it('of a pod alone are not staged, and the driver is told of the pod', async () => {
    objects.set(`/apis/storage.k8s.io/v1/csidrivers/${driverName}`, {
      spec: { volumeLifecycleModes: ['Ephemeral'], podInfoOnMount: true },
    });
    await setUp('a', { ...persistent, inline: true, specName: 'scratch' });
    expect(volumeCalls()).toEqual(['publish']);
    expect(calls.find(({ method }) => method === 'publish')?.request.volumeContext).toEqual({
      tier: 'fast',
      'csi.storage.k8s.io/pod.name': 'pod-a',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/pod.uid': 'a',
      'csi.storage.k8s.io/serviceAccount.name': 'robot',
      'csi.storage.k8s.io/ephemeral': 'true',
    });
  });
});
