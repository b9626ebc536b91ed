import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PersistentVolumeClaim, Pod, Volume } from '../../api/types.ts';
import { aContainer, aPod } from '../test-builders.ts';
import { findLocalProblem } from './claim-volume.ts';
import { hugePageOptions, setUpEmptyDir, tmpfsOptions } from './empty-dir.ts';
import { claimNameOf, findBindingProblem, findClaimProblem, findModeProblem } from './persistent.ts';
import { isRefreshed, setUpVolume } from './set-up.ts';

const withLimits = (...limits: (Record<string, string> | undefined)[]): Pod => ({
  metadata: { name: 'web' },
  spec: {
    containers: limits.map((each, i) => ({
      name: `c${i}`,
      ...(each === undefined ? {} : { resources: { limits: each } }),
    })),
  },
});
const mebi = 2 ** 20;

describe('the size of a memory-backed folder', () => {
  test.each<[string, Pod, string | undefined, string | undefined, number | undefined]>([
    ['its own limit', withLimits(undefined), '10Mi', '1Gi', 10],
    ['the pod’s limit', withLimits({ memory: '20Mi' }, { memory: '30Mi' }), '80Mi', '1Gi', 50],
    [
      'the node’s memory, where a container has no limit',
      withLimits({ memory: '20Mi' }, undefined),
      undefined,
      '1Gi',
      1024,
    ],
    ['the node’s memory, where the limit is more', withLimits(undefined), '4Gi', '1Gi', 1024],
    ['the kernel’s choice, where nothing is known', withLimits(undefined), undefined, undefined, undefined],
  ])('%s', (_name, pod, sizeLimit, memory, size) => {
    const resourceDefaults = () => (memory === undefined ? {} : { memory });
    expect(tmpfsOptions(pod, sizeLimit, { resourceDefaults })).toEqual(
      size === undefined ? [] : [`size=${size * mebi}`],
    );
  });
});

describe('the pages of a folder of huge ones', () => {
  const both = withLimits({ 'hugepages-2Mi': '4Mi' }, { 'hugepages-1Gi': '1Gi' });
  const early = aPod({ initContainers: [{ name: 'i', resources: { limits: { 'hugepages-2Mi': '4Mi' } } }] });
  test.each<[string, string, Pod, string]>([
    ['as named', 'HugePages-2Mi', both, 'pagesize=2097152'],
    ['as named, the other ones', 'HugePages-1Gi', both, 'pagesize=1073741824'],
    ['of the one size that is asked for', 'HugePages', withLimits({ 'hugepages-2Mi': '4Mi' }), 'pagesize=2097152'],
    ['that an init container asks for', 'HugePages', early, 'pagesize=2097152'],
  ])('%s', (_name, medium, pod, option) => expect(hugePageOptions(pod, medium)).toEqual([option]));

  const nobody = 'hugePages storage requested, but there is no resource request for huge pages';
  test.each<[string, string, Pod, string]>([
    ['several sizes', 'HugePages', both, "HugePages can't be used if container requests multiple huge page sizes"],
    ['nobody asks for any', 'HugePages', withLimits(undefined), `medium HugePages: ${nobody}`],
    ['for that size', 'HugePages-2Mi', withLimits({ 'hugepages-1Gi': '1Gi' }), `medium HugePages-2Mi: ${nobody}`],
  ])('not when %s', (_name, medium, pod, message) => expect(() => hugePageOptions(pod, medium)).toThrow(message));
});

test('an emptyDir that somebody removed from the node is made again', async () => {
  const root = mkdtempSync(join(tmpdir(), 'klab-empty-'));
  const folder = join(root, 'volume');
  const options = {
    marker: join(root, 'meta/ready'),
    giveToGroup: async () => undefined,
    mounts: undefined as never,
    resourceDefaults: () => ({}),
  };
  try {
    await setUpEmptyDir(aPod({}), {}, folder, options);
    rmSync(folder, { recursive: true });
    await setUpEmptyDir(aPod({}), {}, folder, options);
    expect(statSync(folder).mode & 0o777).toBe(0o777);
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe('claims', () => {
  test.each<[string, PersistentVolumeClaim, string | undefined]>([
    ['bound', { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } }, undefined],
    ['not bound', { spec: {}, status: { phase: 'Pending' } }, 'PVC is not bound'],
    ['bound to nothing', { spec: {}, status: { phase: 'Bound' } }, 'PVC has empty pvc.Spec.VolumeName'],
    [
      'being deleted',
      {
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
        spec: { volumeName: 'pv' },
        status: { phase: 'Bound' },
      },
      'PVC is being deleted',
    ],
    [
      'being deleted, but kept for its pods',
      {
        metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pvc-protection'] },
        ...{ spec: { volumeName: 'pv' }, status: { phase: 'Bound' } },
      },
      undefined,
    ],
  ])('%s', (_name, claim, problem) => expect(findClaimProblem(claim)).toBe(problem));

  test('a volume that nobody has claimed, or someone else', () => {
    const pv = (claimRef?: { uid: string }) => ({
      metadata: { name: 'pv' },
      spec: claimRef === undefined ? {} : { claimRef },
    });
    expect(findBindingProblem(pv(), 'mine')).toContain('is not yet bound to the claim');
    expect(findBindingProblem(pv({ uid: 'theirs' }), 'mine')).toBe(
      'found PV object pv but its pv.Spec.ClaimRef.UID theirs does not point to claim.UID mine',
    );
    expect(findBindingProblem(pv({ uid: 'mine' }), 'mine')).toBeUndefined();
  });
});

test.each<[Volume, string | undefined, boolean]>([
  [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }, 'data', false],
  [{ name: 'v', ephemeral: {} }, 'web-v', false],
  [{ name: 'v', emptyDir: {} }, undefined, false],
  [{ name: 'v', hostPath: { path: '/' } }, undefined, false],
  [{ name: 'v', configMap: { name: 'x' } }, undefined, true],
  [{ name: 'v', projected: {} }, undefined, true],
])('%j: its claim, and whether it is refreshed', (volume, claimName, refreshed) => {
  expect(claimNameOf(withLimits(), volume)).toBe(claimName);
  expect(isRefreshed(volume)).toBe(refreshed);
});

test.each([
  ['/', undefined],
  ['/no/such/folder', 'path "/no/such/folder" does not exist'],
  ['/proc/self/status', 'only directory and block device are supported'],
])('%s as a local volume: %s', async (path, problem) => expect(await findLocalProblem(path)).toBe(problem));

test.each<[Volume, string]>([
  [
    { name: 'v', flexVolume: { driver: 'a/b' } },
    'failed to get Plugin from volumeSpec for volume "v" err=no volume plugin matched: flexVolume is not supported',
  ],
  [{ name: 'v', gitRepo: { repository: 'x' } }, 'git-repo volume plugin has been disabled'],
])('%o is refused', async (volume, message) => {
  await expect(setUpVolume(aPod(), volume, { rootDir: '/' } as never)).rejects.toThrow(message);
});

describe('a volume is used as what it is', () => {
  const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const devices = { volumeDevices: [{ name: 'data', devicePath: '/dev/xvda' }] };
  test.each<[string, object, string, string | undefined]>([
    ['a file system is mounted', mounts, 'Filesystem', undefined],
    ['a device is passed in', devices, 'Block', undefined],
    ['a device is mounted', mounts, 'Block', 'volume data has volumeMode Block, but is specified in volumeMounts'],
    [
      'a file system is passed in',
      devices,
      'Filesystem',
      'volume data has volumeMode Filesystem, but is specified in volumeDevices',
    ],
    ['nobody uses it', {}, 'Block', undefined],
  ])('%s', (_name, use, mode, problem) =>
    expect(findModeProblem(aPod({ containers: [aContainer('main', use)] }), 'data', mode)).toBe(problem),
  );
});
