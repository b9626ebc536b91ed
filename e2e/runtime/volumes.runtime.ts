import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../src/api/errors.ts';
import { fakeApi } from '../../src/api/fake.ts';
import type { Node, Pod, Volume } from '../../src/api/types.ts';
import { FakeClock } from '../../src/base/clock.ts';
import { memoryJournal } from '../../src/journal/journal.ts';
import { containerMounts } from '../../src/kubelet/containers/mounts.ts';
import { kernelMounts, volumeManager } from '../../src/kubelet/volumes/index.ts';

/** Volumes on the real kernel: they mount, so they need root. */

const tmpfsMagic = 0x01021994;
const isTmpfs = (path: string): boolean => statfsSync(path).type === tmpfsMagic;
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const uid = '0e8a6c1e-pod';
const never = new AbortController().signal;

let rootDir = '';
beforeEach(() => {
  rootDir = realpathSync(mkdtempSync(join(tmpdir(), 'klab kubelet-')));
});
afterEach(async () => {
  const left = (await kernelMounts.targets()).filter((target) => target.startsWith(rootDir));
  await kernelMounts.unmount(left.toReversed());
  rmSync(rootDir, { recursive: true, maxRetries: 10, retryDelay: 100 });
});

const volumePath = (plugin: string, name: string) =>
  join(rootDir, 'pods', uid, 'volumes', `kubernetes.io~${plugin}`, name);

const aPod = (volumes: Volume[], spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'default', uid, labels: { app: 'web' } },
  spec: { containers: [{ name: 'c' }], volumes, ...spec },
});

function setUp(api = fakeApi(), labels: Record<string, string> = {}) {
  const clock = new FakeClock();
  const journal = memoryJournal();
  const { records } = journal;
  const configMaps = new Map<string, Record<string, string>>([['kube-root-ca.crt', { 'ca.crt': 'CERT' }]]);
  let tokens = 0;
  const node: Node = { metadata: { name: 'n', labels } };
  const manager = volumeManager({
    rootDir,
    clock,
    journal,
    mounts: kernelMounts,
    api,
    trustAnchors: undefined,
    podCertificates: undefined,
    objects: {
      configMap: async (_namespace, name) => {
        const data = configMaps.get(name);
        if (data === undefined) throw new ApiError(404, 'NotFound', `configmap "${name}" not found`);
        return { data, binaryData: {} };
      },
      secret: async () => ({ data: { password: Buffer.from('geheim') }, type: 'Opaque' }),
      token: async () => {
        tokens += 1;
        return `token-${tokens}`;
      },
    },
    hostIps: () => ['10.0.0.1'],
    resourceDefaults: () => ({ memory: '64Mi', cpu: '2' }),
    node: () => node,
  });
  const mounts = containerMounts({
    journal,
    rootDir,
    mounts: kernelMounts,
    recursiveReadOnly: () => true,
  });
  return { manager, clock, records, configMaps, mounts };
}

/** The kernel may call a place busy for a moment; the pause before the next try is the fake clock's. */
async function endPod({ manager, clock }: Pick<ReturnType<typeof setUp>, 'manager' | 'clock'>): Promise<void> {
  let ended = false;
  const ending = manager.unmount(uid).finally(() => {
    ended = true;
  });
  while (!ended) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await ending;
}

const apiAccess: Volume = {
  name: 'kube-api-access-x',
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ],
  },
};

describe('volumes made from objects', () => {
  test('what every pod has lies in memory and is renewed in one step', async () => {
    const { manager } = setUp();
    const mounted = await manager.mount(aPod([apiAccess]), never);
    const folder = volumePath('projected', apiAccess.name);
    expect(mounted.get(apiAccess.name)).toEqual({ hostPath: folder, readOnly: true });
    expect(isTmpfs(folder)).toBe(true);
    expect(modeOf(folder)).toBe('1777');
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    expect([read('token'), read('ca.crt'), read('namespace')]).toEqual(['token-1', 'CERT', 'default']);
    await manager.mount(aPod([apiAccess]), never);
    expect(read('token')).toBe('token-2');
    expect((await kernelMounts.targets()).filter((target) => target === folder)).toHaveLength(1);
  });

  test('a ConfigMap lies on disk, a Secret in memory', async () => {
    const { manager } = setUp();
    await manager.mount(
      aPod([
        { name: 'config', configMap: { name: 'kube-root-ca.crt' } },
        { name: 'secret', secret: { secretName: 's', defaultMode: 0o400 } },
      ]),
      never,
    );
    expect(isTmpfs(volumePath('configmap', 'config'))).toBe(false);
    expect(modeOf(volumePath('configmap', 'config'))).toBe('777');
    expect(isTmpfs(volumePath('secret', 'secret'))).toBe(true);
    expect(modeOf(join(volumePath('secret', 'secret'), 'password'))).toBe('400');
  });

  test('belong to the fsGroup, which may read them', async () => {
    const { manager } = setUp();
    const pod = aPod([{ name: 'secret', secret: { secretName: 's', defaultMode: 0o400 } }, apiAccess], {
      securityContext: { fsGroup: 2000, runAsUser: 1000 },
    });
    await manager.mount(pod, never);
    const file = statSync(join(volumePath('secret', 'secret'), 'password'));
    expect([file.gid, (file.mode & 0o777).toString(8)]).toEqual([2000, '440']);
    expect(statSync(volumePath('secret', 'secret')).mode & 0o2000).toBe(0o2000);
    const token = statSync(join(volumePath('projected', apiAccess.name), 'token'));
    expect([token.uid, token.gid, (token.mode & 0o777).toString(8)]).toEqual([1000, 2000, '640']);
    // Setting it up again finds nothing to do, and takes nothing away.
    const before = statSync(join(volumePath('secret', 'secret'), '..data')).ino;
    await manager.mount(pod, never);
    expect(statSync(join(volumePath('secret', 'secret'), '..data')).ino).toBe(before);
    expect(statSync(volumePath('secret', 'secret')).mode & 0o2000).toBe(0o2000);
  });

  test('a missing object holds the pod back, tells why, and is tried again as soon as it is there', async () => {
    const { manager, records, configMaps, clock } = setUp();
    const mounting = manager.mount(aPod([{ name: 'config', configMap: { name: 'late' } }]), never);
    while (clock.sleeping === 0) await new Promise(setImmediate);
    expect(records).toContainEqual(
      expect.objectContaining({ kind: 'volume.failed', volume: 'config', reason: 'configmap "late" not found' }),
    );
    configMaps.set('late', { a: '1' });
    manager.hurry(uid);
    await mounting;
    expect(readFileSync(join(volumePath('configmap', 'config'), 'a'), 'utf8')).toBe('1');
  });
});

test('an object that disappears is told of, and leaves the running pod what it had', async () => {
  const { manager, records, configMaps, clock } = setUp();
  const pod = aPod([{ name: 'config', configMap: { name: 'kube-root-ca.crt' } }]);
  await manager.mount(pod, never);
  configMaps.delete('kube-root-ca.crt');
  const failures = () => records.filter(({ kind }) => kind === 'volume.failed');
  expect((await manager.mount(pod, never)).get('config')?.hostPath).toBe(volumePath('configmap', 'config'));
  expect(failures()).toMatchObject([{ reason: 'configmap "kube-root-ca.crt" not found' }]);
  // Not told again with every sync.
  await manager.mount(pod, never);
  expect(failures()).toHaveLength(1);
  expect(readFileSync(join(volumePath('configmap', 'config'), 'ca.crt'), 'utf8')).toBe('CERT');
  configMaps.set('kube-root-ca.crt', { 'ca.crt': 'NEW' });
  await clock.advance(1000);
  await manager.mount(pod, never);
  expect(readFileSync(join(volumePath('configmap', 'config'), 'ca.crt'), 'utf8')).toBe('NEW');
});

describe('emptyDir', () => {
  const pod = aPod([
    { name: 'disk', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  ]);

  test('is for everyone, and outlives the kubelet', async () => {
    await setUp().manager.mount(pod, never);
    const [disk, memory] = [volumePath('empty-dir', 'disk'), volumePath('empty-dir', 'memory')];
    expect(modeOf(disk)).toBe('777');
    expect(isTmpfs(memory)).toBe(true);
    expect(statfsSync(memory).blocks * statfsSync(memory).bsize).toBe(2 ** 20);
    writeFileSync(join(memory, 'kept'), 'yes');
    chownSync(disk, 1234, 1234);
    await setUp().manager.mount(pod, never);
    expect(readFileSync(join(memory, 'kept'), 'utf8')).toBe('yes');
    expect(statSync(disk).uid).toBe(1234);
  });

  test('goes with the pod, also when another kubelet made it', async () => {
    await setUp().manager.mount(pod, never);
    writeFileSync(join(volumePath('empty-dir', 'disk'), 'file'), 'x');
    await endPod(setUp());
    expect(existsSync(join(rootDir, 'pods', uid, 'volumes'))).toBe(false);
    expect((await kernelMounts.targets()).filter((target) => target.startsWith(rootDir))).toEqual([]);
  });
});

describe('persistent volumes', () => {
  const claims = (source: object, more: object = {}) =>
    fakeApi({
      '/api/v1/namespaces/default/persistentvolumeclaims/data': {
        metadata: { name: 'data', namespace: 'default', uid: 'claim-uid' },
        ...{ spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' }, ...more },
      },
      '/api/v1/persistentvolumes/pv-1': {
        metadata: { name: 'pv-1' },
        ...{ spec: { claimRef: { uid: 'claim-uid' }, ...source } },
      },
    });
  const pod = aPod([{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]);
  let disk = '';
  beforeEach(() => {
    disk = join(rootDir, 'disk');
    mkdirSync(disk);
    writeFileSync(join(disk, 'precious'), 'data');
  });

  test('a local one is bound, and its data stays when the pod goes', async () => {
    const { manager, clock } = setUp(claims({ local: { path: disk } }));
    const mounted = await manager.mount(pod, never);
    expect(mounted.get('data')?.hostPath).toBe(volumePath('local-volume', 'pv-1'));
    expect(readFileSync(join(volumePath('local-volume', 'pv-1'), 'precious'), 'utf8')).toBe('data');
    await endPod({ manager, clock });
    expect(readFileSync(join(disk, 'precious'), 'utf8')).toBe('data');
    expect(existsSync(join(rootDir, 'pods', uid, 'volumes'))).toBe(false);
  });

  test('one on the node’s own disk is used where it is', async () => {
    const { manager } = setUp(claims({ hostPath: { path: join(disk, 'new'), type: 'DirectoryOrCreate' } }));
    expect((await manager.mount(pod, never)).get('data')?.hostPath).toBe(join(disk, 'new'));
    expect(statSync(join(disk, 'new')).isDirectory()).toBe(true);
  });

  test('a claim that is not bound fails the sync at once', async () => {
    const { manager, records } = setUp(claims({ local: { path: disk } }, { status: { phase: 'Pending' } }));
    const text =
      'unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/data: PVC is not bound';
    await expect(manager.mount(pod, never)).rejects.toThrow(text);
    expect(records).toContainEqual(expect.objectContaining({ kind: 'volume.unprocessed', reason: text }));
  });

  test('one of another node is not mounted', async () => {
    const nodeAffinity = {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['fast'] }] }] },
    };
    const { manager, records, clock } = setUp(claims({ local: { path: disk }, nodeAffinity }), { disk: 'slow' });
    const stop = new AbortController();
    const mounting = manager.mount(pod, stop.signal);
    while (clock.sleeping === 0) await new Promise(setImmediate);
    expect(records).toContainEqual(
      expect.objectContaining({
        operation: 'MountVolume.NodeAffinity check failed',
        volume: 'pv-1',
        reason: 'no matching NodeSelectorTerms',
      }),
    );
    stop.abort(new Error('enough'));
    await expect(mounting).rejects.toThrow('enough');
  });
});

describe('subPath', () => {
  const withMount = (mount: object): NonNullable<Pod['spec']> => ({
    securityContext: { fsGroup: 2000 },
    containers: [{ name: 'c', volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }] }],
    volumes: [{ name: 'data', emptyDir: {} }],
  });
  async function mountsOf(mount: object, prepare?: (volume: string) => void) {
    const { manager, mounts, clock } = setUp();
    const spec = withMount(mount);
    const pod: Pod = { metadata: { name: 'web', namespace: 'default', uid }, spec };
    const volumes = await manager.mount(pod, never);
    const volume = volumePath('empty-dir', 'data');
    prepare?.(volume);
    const container = spec.containers[0];
    if (container === undefined) throw new Error('a container');
    const made = await mounts(pod, container, [{ key: 'NAME', value: 'logs' }], volumes);
    return { volume, manager, clock, hostPath: made[0]?.hostPath ?? '' };
  }
  const pinned = () => join(rootDir, 'pods', uid, 'volume-subpaths', 'data', 'c', '0');

  test.each([
    ['a folder that is made', { subPath: 'a/b' }, 'a/b'],
    ['a name from a variable', { subPathExpr: '$(NAME)/x' }, 'logs/x'],
  ])('%s', async (_name, mount, path) => {
    const { hostPath, volume, manager, clock } = await mountsOf(mount);
    expect(hostPath).toBe(pinned());
    expect(modeOf(join(volume, path))).toBe('2777');
    expect(statSync(join(volume, path)).gid).toBe(2000);
    writeFileSync(join(hostPath, 'file'), 'x');
    expect(readFileSync(join(volume, path, 'file'), 'utf8')).toBe('x');
    await endPod({ manager, clock });
    expect(existsSync(join(rootDir, 'pods', uid, 'volume-subpaths'))).toBe(false);
  });

  test('a single file', async () => {
    const { hostPath } = await mountsOf({ subPath: 'file' }, (volume) => writeFileSync(join(volume, 'file'), 'x'));
    expect(readFileSync(hostPath, 'utf8')).toBe('x');
  });

  test('a link inside the volume is followed', async () => {
    const { hostPath, volume } = await mountsOf({ subPath: 'link/deep' }, (inside) => {
      mkdirSync(join(inside, 'real'));
      symlinkSync('real', join(inside, 'link'));
    });
    writeFileSync(join(hostPath, 'file'), 'x');
    expect(existsSync(join(volume, 'real', 'deep', 'file'))).toBe(true);
  });

  test.each([
    ['to a folder of the node', '/etc'],
    ['to a place outside that is not there', '/nowhere/at/all'],
    ['up and out', '../../../..'],
  ])('a link %s is refused', async (_name, target) => {
    const refused = mountsOf({ subPath: 'link/x' }, (volume) => symlinkSync(target, join(volume, 'link')));
    await expect(refused).rejects.toThrow('failed to prepare subPath for volumeMount "data" of container "c"');
    expect(existsSync('/etc/x')).toBe(false);
  });

  test('a container that starts again gets the place anew', async () => {
    await mountsOf({ subPath: 'a' });
    await mountsOf({ subPath: 'a' });
    expect((await kernelMounts.targets()).filter((target) => target === pinned())).toHaveLength(1);
  });
});
