import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodCgroups } from '../parts.ts';
import type { SystemdUnits } from '../systemd-units/index.ts';
import type { CgroupFs } from './cgroup-fs.ts';
import {
  type CgroupDriver,
  cgroupPath,
  kubepodsName,
  parseCgroupRoot,
  podName,
  podUidOf,
  qosName,
} from './cgroup-names.ts';
import { type CgroupSettings, computePodSettings, minShares, sharesOf } from './cgroup-settings.ts';
import { computePodProtection, computeTreeProtection, type MemoryQos } from './memory-protection.ts';
import { computePodAmounts, computePodTotals } from './pod-resources.ts';
import { computeQosClass } from './qos.ts';
import { ownTree, sliceTree } from './slices.ts';

export { cgroupFs } from './cgroup-fs.ts';
export { cgroupPath, kubepodsName, parseCgroupRoot } from './cgroup-names.ts';
export { type CgroupSettings, milliOfQuota, milliOfShares } from './cgroup-settings.ts';
export { isolateProcess } from './isolate.ts';
export type { MemoryProtection, MemoryQos } from './memory-protection.ts';
export { podCgroupPath } from './pod-cgroup-path.ts';
export { computePodAmounts, computePodTotals, limitsInEffect } from './pod-resources.ts';
export { computeQosClass, type QosClass } from './qos.ts';

export interface PodCgroupsOptions {
  readonly fs: CgroupFs;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly nodeName: string;
  readonly driver: CgroupDriver;
  /** systemd, where it makes the cgroups; undefined: the kubelet makes them itself. */
  readonly units?: SystemdUnits | undefined;
  readonly cgroupRoot: string;
  /** False: containers go where the runtime puts them, and no tree is made. */
  readonly cgroupsPerQos: boolean;
  readonly cpuCfsQuota: boolean;
  readonly cpuCfsPeriodMicros: number;
  readonly podPidsLimit: number;
  /** Sizes of huge pages that the kernel knows, in bytes. */
  readonly hugePageSizes: readonly number[];
  /** What all pods together may use: thousandths of a CPU, bytes, processes. */
  readonly nodeAllocatable: () => Promise<{
    readonly milliCpu: number;
    readonly memoryBytes: number;
    readonly pids: number;
  }>;
  /** Undefined: the feature is off, or the kernel cannot. */
  readonly memoryQos: MemoryQos | undefined;
  /** The pods that run, for the burstable class' share of the CPU. */
  readonly pods: () => Iterable<Pod>;
  readonly kill: (pid: number) => void;
}

/** What an earlier kubelet guarded is given up where the feature is off. */
const unguarded: MemoryQos = { throttlingFactor: undefined, tiered: false, allocatableBytes: 0 };

const removalTries = 5;
const removalPauseMs = 50;

/** The tree below the cgroup root: kubepods, a cgroup for each QoS class, one for each pod. */
export function podCgroups(options: PodCgroupsOptions): PodCgroups {
  const { fs, clock, journal, nodeName: node, driver, cgroupsPerQos, memoryQos } = options;
  const tree = options.units === undefined ? ownTree(fs) : sliceTree(fs, options.units);
  const root = parseCgroupRoot(options.cgroupRoot);
  const pathOf = (pod: Pick<Pod, 'metadata' | 'spec'>): string =>
    cgroupPath(podName(root, computeQosClass(pod), pod.metadata?.uid ?? ''), driver);

  const kubepods = cgroupPath(kubepodsName(root), driver);
  const burstable = cgroupPath(qosName(root, 'Burstable'), driver);
  const bestEffort = cgroupPath(qosName(root, 'BestEffort'), driver);

  /** Burstable pods together weigh what they asked for, so that one class cannot starve the other. */
  async function weighBurstable(): Promise<void> {
    let milliCpu = 0;
    for (const pod of options.pods()) {
      if (computeQosClass(pod) === 'Burstable') milliCpu += computePodAmounts(pod, 'requests').cpu ?? 0;
    }
    await tree.apply(burstable, { cpuShares: sharesOf(milliCpu) });
  }

  /** Of the memory that the kernel guards for a pod all cgroups above it need as much. */
  async function guardMemory(): Promise<void> {
    if (fs.version === 1) return;
    const protection = computeTreeProtection(options.pods(), memoryQos ?? unguarded);
    await tree.apply(kubepods, protection.kubepods);
    await tree.apply(burstable, protection.burstable);
  }

  /** After a restart, until the pods that run are known. */
  let classesUnsettled = false;

  /** After a pod came, changed or went. */
  async function settleClasses(pod: Pick<Pod, 'metadata' | 'spec'>): Promise<void> {
    const qos = computeQosClass(pod);
    if (qos === 'Burstable') await weighBurstable();
    if (qos !== 'BestEffort' && memoryQos?.tiered) await guardMemory();
  }

  /** What was set, by path: asked of the kernel only after a restart. */
  const settings = new Map<string, CgroupSettings>();
  const wantedOf = (pod: Pod): CgroupSettings => ({
    ...computePodSettings(computePodTotals(pod), {
      periodMicros: options.cpuCfsPeriodMicros,
      cfsQuota: options.cpuCfsQuota,
      podPidsLimit: options.podPidsLimit,
      hugePageSizes: options.hugePageSizes,
    }),
    ...(memoryQos === undefined ? {} : computePodProtection(pod, memoryQos)),
  });
  async function applyTo(pod: Pod, change: CgroupSettings): Promise<void> {
    if (!cgroupsPerQos) return;
    const path = pathOf(pod);
    await tree.apply(path, change);
    settings.set(path, { ...(settings.get(path) ?? fs.read(path)), ...change });
    await settleClasses(pod);
  }

  async function removePath(path: string): Promise<void> {
    for (let tries = 0; tries < removalTries; tries += 1) {
      if (await tree.remove(path)) return;
      for (const pid of fs.processes(path)) options.kill(pid);
      await clock.sleep(removalPauseMs);
    }
    journal.write({ kind: 'resource.cgroupKept', path, processes: fs.processes(path) });
  }

  const manager: PodCgroups = {
    async start() {
      if (!cgroupsPerQos) return;
      classesUnsettled = fs.exists(burstable);
      for (const path of [kubepods, burstable, bestEffort]) await tree.make(path, {});
      const { milliCpu, memoryBytes, pids } = await options.nodeAllocatable();
      try {
        await tree.apply(kubepods, { cpuShares: sharesOf(milliCpu), memoryBytes, pids });
        await tree.apply(bestEffort, { cpuShares: minShares });
        // What an earlier kubelet set for pods that run stays until they are known here.
        if (!classesUnsettled) await weighBurstable();
        if (!classesUnsettled || !memoryQos?.tiered) await guardMemory();
        journal.write({ kind: 'resource.allocatableEnforced', node, milliCpu, memoryBytes });
      } catch (error) {
        journal.write({
          kind: 'resource.allocatableNotEnforced',
          node,
          cgroup: kubepodsName(root),
          reason: messageOf(error),
        });
      }
    },
    async ensurePod(pod) {
      if (!cgroupsPerQos) return;
      const path = pathOf(pod);
      if (fs.exists(path)) return;
      const wanted = wantedOf(pod);
      await tree.make(path, wanted);
      settings.set(path, { ...fs.read(path), ...wanted });
      await settleClasses(pod);
    },
    exists: (pod) => !cgroupsPerQos || fs.exists(pathOf(pod)),
    wanted: wantedOf,
    current(pod) {
      if (!cgroupsPerQos) return undefined;
      const path = pathOf(pod);
      const known = settings.get(path);
      if (known !== undefined || !fs.exists(path)) return known;
      const read = fs.read(path);
      settings.set(path, read);
      return read;
    },
    apply: applyTo,
    memoryUsage: (pod) => fs.memoryUsage(pathOf(pod)),
    parentOf: (pod) => (cgroupsPerQos ? pathOf(pod) : options.cgroupRoot === '/' ? '' : options.cgroupRoot),
    async removePod(pod) {
      if (!cgroupsPerQos) return;
      const path = pathOf(pod);
      settings.delete(path);
      await removePath(path);
      await settleClasses(pod);
    },
    async removeOrphans(keep) {
      if (!cgroupsPerQos) return;
      if (classesUnsettled) {
        classesUnsettled = false;
        await weighBurstable();
        await guardMemory();
      }
      for (const qos of ['Guaranteed', 'Burstable', 'BestEffort'] as const) {
        const parent = cgroupPath(qosName(root, qos), driver);
        for (const folder of fs.children(parent)) {
          const uid = podUidOf(folder, driver);
          if (uid === undefined || keep.has(uid)) continue;
          journal.write({ kind: 'resource.orphanCgroup', podUid: uid, path: `${parent}/${folder}` });
          settings.delete(`${parent}/${folder}`);
          await removePath(`${parent}/${folder}`);
        }
      }
    },
  };
  return manager;
}
