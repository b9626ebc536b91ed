import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { cgroupFs } from './cgroup-fs.ts';
import { cgroupPath, parseCgroupRoot, podName, podUidOf } from './cgroup-names.ts';
import { computePodSettings, quotaOf, sharesOf, weightOf } from './cgroup-settings.ts';
import { computePodAmounts, computePodTotals } from './pod-resources.ts';
import { computeQosClass } from './qos.ts';

type List = Record<string, string>;
const aContainer = (requests: List = {}, limits: List = {}, rest: object = {}) => ({
  name: 'c',
  resources: { requests, limits },
  ...rest,
});
const aPod = (containers: ReturnType<typeof aContainer>[], rest: object = {}): Pod => ({
  metadata: { uid: 'u1' },
  spec: { containers, ...rest },
});
const small = { cpu: '100m', memory: '64Mi' };
const big = { cpu: '1', memory: '1Gi' };

describe('computeQosClass', () => {
  test.each<[string, Pod, string]>([
    ['nothing set', aPod([aContainer()]), 'BestEffort'],
    ['zero counts as not set', aPod([aContainer({ cpu: '0' })]), 'BestEffort'],
    ['only a resource that does not decide', aPod([aContainer({ 'ephemeral-storage': '1Gi' })]), 'BestEffort'],
    ['a request', aPod([aContainer({ cpu: '100m' })]), 'Burstable'],
    ['requests below limits', aPod([aContainer(small, big)]), 'Burstable'],
    ['requests equal to limits', aPod([aContainer(small, small)]), 'Guaranteed'],
    ['equal in other words', aPod([aContainer({ cpu: '0.1', memory: '65536Ki' }, small)]), 'Guaranteed'],
    ['limits alone: requests follow', aPod([aContainer({}, small)]), 'Guaranteed'],
    ['one container without', aPod([aContainer(small, small), aContainer()]), 'Burstable'],
    ['an init container without', aPod([aContainer(small, small)], { initContainers: [aContainer()] }), 'Burstable'],
    ['only memory limited', aPod([aContainer({}, { memory: '64Mi' })]), 'Burstable'],
    [
      'the pod as a whole decides',
      aPod([aContainer()], { resources: { requests: small, limits: small } }),
      'Guaranteed',
    ],
  ])('%s', (_name, pod, expected) => expect(computeQosClass(pod)).toBe(expected));
});

describe('computePodAmounts', () => {
  test.each<[string, Pod, Record<string, number>]>([
    ['containers add up', aPod([aContainer({ cpu: '100m' }), aContainer({ cpu: '1' })]), { cpu: 1100 }],
    [
      'a larger init container wins',
      aPod([aContainer({ cpu: '100m' })], { initContainers: [aContainer({ cpu: '2' })] }),
      { cpu: 2000 },
    ],
    [
      'sidecars run beside the regular ones',
      aPod([aContainer({ cpu: '100m' })], {
        initContainers: [aContainer({ cpu: '200m' }, {}, { restartPolicy: 'Always' })],
      }),
      { cpu: 300 },
    ],
    [
      'an init container runs beside the sidecars before it',
      aPod([aContainer({ cpu: '100m' })], {
        initContainers: [aContainer({ cpu: '200m' }, {}, { restartPolicy: 'Always' }), aContainer({ cpu: '500m' })],
      }),
      { cpu: 700 },
    ],
    ['overhead comes on top', aPod([aContainer({ cpu: '100m' })], { overhead: { cpu: '50m' } }), { cpu: 150 }],
  ])('%s', (_name, pod, expected) => expect(computePodAmounts(pod, 'requests')).toEqual(expected));
});

describe('the settings of a pod’s cgroup', () => {
  const options = { periodMicros: 100_000, cfsQuota: true, podPidsLimit: -1, hugePageSizes: [] as number[] };
  const settings = (pod: Pod, o = options) => computePodSettings(computePodTotals(pod), o);
  test.each<[string, unknown, unknown]>([
    ['best effort: the least', settings(aPod([aContainer()])), { cpuShares: 2 }],
    ['requests become shares', settings(aPod([aContainer({ cpu: '500m' })])), { cpuShares: 512 }],
    [
      'limits of all containers become quota and memory',
      settings(aPod([aContainer(small, big)])),
      { cpuShares: 102, cpuQuota: 100_000, cpuPeriod: 100_000, memoryBytes: 2 ** 30 },
    ],
    ['one container without limits: none', settings(aPod([aContainer(small, big), aContainer()])), { cpuShares: 102 }],
    [
      'without CFS quota',
      settings(aPod([aContainer({}, { cpu: '1' })]), { ...options, cfsQuota: false }),
      { cpuShares: 1024 },
    ],
    [
      'a limit on processes',
      settings(aPod([aContainer()]), { ...options, podPidsLimit: 100 }),
      { cpuShares: 2, pids: 100 },
    ],
    [
      'huge pages, and none of a size that is not asked for',
      settings(aPod([aContainer({ 'hugepages-2Mi': '4Mi' }, { 'hugepages-2Mi': '4Mi' })]), {
        ...options,
        hugePageSizes: [2 ** 21, 2 ** 30],
      }),
      {
        cpuShares: 2,
        hugePages: [
          { pageSize: '2MB', bytes: 2 ** 22 },
          { pageSize: '1GB', bytes: 0 },
        ],
      },
    ],
  ])('%s', (_name, actual, expected) => expect(actual).toEqual(expected));

  test('shares, quota and weight stay within the kernel’s bounds', () => {
    expect([sharesOf(0), sharesOf(1), sharesOf(1000), sharesOf(10_000_000)]).toEqual([2, 2, 1024, 262_144]);
    expect([quotaOf(0, 100_000), quotaOf(1, 100_000), quotaOf(500, 100_000)]).toEqual([0, 1000, 50_000]);
    expect([weightOf(2), weightOf(1024), weightOf(262_144)]).toEqual([1, 39, 10_000]);
  });
});

describe('names', () => {
  const uid = '6f1c-22-aa';
  const burstable = podName(parseCgroupRoot('/kubelet'), 'Burstable', uid);
  test('cgroupfs', () => expect(cgroupPath(burstable, 'cgroupfs')).toBe(`/kubelet/kubepods/burstable/pod${uid}`));
  test('systemd', () =>
    expect(cgroupPath(burstable, 'systemd')).toBe(
      '/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod6f1c_22_aa.slice',
    ));
  test('Guaranteed pods stand directly below kubepods', () =>
    expect(cgroupPath(podName(parseCgroupRoot('/'), 'Guaranteed', 'u'), 'cgroupfs')).toBe('/kubepods/podu'));
  test.each([
    [`pod${uid}`, 'cgroupfs' as const, uid],
    ['burstable', 'cgroupfs' as const, undefined],
    ['kubelet-kubepods-burstable-pod6f1c_22_aa.slice', 'systemd' as const, uid],
    ['kubelet-kubepods-burstable.slice', 'systemd' as const, undefined],
  ])('the UID of %s (%s)', (folder, driver, expected) => expect(podUidOf(folder, driver)).toBe(expected));
});

describe('cgroupFs', () => {
  let mount = '';
  beforeEach(() => {
    mount = mkdtempSync(join(tmpdir(), 'klab-cgroup-'));
  });
  afterEach(() => rmSync(mount, { recursive: true }));

  test('version 1: a new cpuset gets its parent’s CPUs, settings go to their controller', () => {
    for (const controller of ['cpu', 'cpuset', 'memory']) {
      mkdirSync(join(mount, controller));
      writeFileSync(join(mount, controller, 'cgroup.procs'), '');
    }
    mkdirSync(join(mount, 'unified'));
    writeFileSync(join(mount, 'cpuset/cpuset.cpus'), '0-1\n');
    writeFileSync(join(mount, 'cpu/cpu.shares'), '1024\n');
    writeFileSync(join(mount, 'memory/hugetlb.2MB.limit_in_bytes'), '0\n');
    const fs = cgroupFs(mount);
    expect(fs.version).toBe(1);
    fs.make('/kubepods/podx');
    expect(existsSync(join(mount, 'memory/kubepods/podx'))).toBe(true);
    expect(existsSync(join(mount, 'unified/kubepods'))).toBe(false);
    fs.apply('/kubepods/podx', { cpuShares: 512, hugePages: [{ pageSize: '2MB', bytes: 9 }] });
    expect(readFileSync(join(mount, 'memory/kubepods/podx/hugetlb.2MB.limit_in_bytes'), 'utf8')).toBe('9');
    expect(readFileSync(join(mount, 'cpu/kubepods/podx/cpu.shares'), 'utf8')).toBe('512');
    expect(fs.children('/kubepods')).toEqual(['podx']);
    fs.enter('/kubepods/podx', 7);
    for (const controller of ['cpu', 'cpuset', 'memory'])
      expect(readFileSync(join(mount, controller, 'kubepods/podx/cgroup.procs'), 'utf8')).toBe('7');
  });

  test('version 1: what another kubelet made in the unified hierarchy is found and removed', () => {
    mkdirSync(join(mount, 'cpu'));
    writeFileSync(join(mount, 'cpu/cgroup.procs'), '');
    mkdirSync(join(mount, 'unified/kubepods/podx/inner'), { recursive: true });
    const fs = cgroupFs(mount);
    fs.make('/kubepods/podx');
    expect(fs.children('/kubepods')).toEqual(['podx']);
    expect(fs.remove('/kubepods/podx')).toBe(true);
    expect(existsSync(join(mount, 'unified/kubepods/podx'))).toBe(false);
    expect(existsSync(join(mount, 'cpu/kubepods/podx'))).toBe(false);
  });

  test('version 2 is told by its controllers at the root', () => {
    writeFileSync(join(mount, 'cgroup.controllers'), 'cpu memory pids\n');
    expect(cgroupFs(mount).version).toBe(2);
  });
});
