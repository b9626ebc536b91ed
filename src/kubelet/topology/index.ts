import type { Pod } from '../../api/types.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { CriRuntime, LinuxContainerResources } from '../../cri/port.ts';
import type { Journal } from '../../journal/journal.ts';
import type { PodCache, RunnableContainer } from '../parts.ts';
import { logNameOf, uidOf } from '../pod-facts.ts';
import { type CpuSet, formatCpuSet, noCpus, unionOf, without } from './cpu/cpu-set.ts';
import { openCpus } from './cpu/open.ts';
import { mostAtOnce, wholeCpusOf } from './cpu/whole-cpus.ts';
import type { MachineTopology } from './machine-topology.ts';
import { openMemory } from './memory/open.ts';
import type { MemoryBlock } from './memory/state.ts';
import type { Granted, HintProvider } from './provider.ts';
import { placePod } from './scope.ts';
import { findTooManyNodes, type TopologySettings } from './settings.ts';

export { readMachineTopology } from './machine-topology.ts';
export type { HintProvider } from './provider.ts';
export { parseTopologySettings, reservedAsConfigured, type TopologySettings } from './settings.ts';

export interface Placement {
  /** Gives the pod CPUs and memory of its own, where it has a right to them; those of pods not in `others` are free. */
  admit(pod: Pod, others: readonly Pod[]): Promise<Granted>;
  /** CPUs and NUMA nodes of a container about to be created, empty where it is not bound to any. */
  startOn(pod: Pod, container: RunnableContainer): Pick<LinuxContainerResources, 'cpusetCpus' | 'cpusetMems'>;
  /** What a container has for itself. */
  heldBy(uid: string, container: string): { readonly cpus: CpuSet; readonly memory: readonly MemoryBlock[] };
  /** What pods may have for themselves, taken or not. */
  allocatable(): { readonly cpus: CpuSet; readonly memory: readonly MemoryBlock[] };
  /** Keeps running containers on the CPUs that are theirs. */
  run(signal: AbortSignal): Promise<void>;
}

export interface PlacementOptions {
  readonly rootDir: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly settings: TopologySettings;
  readonly machine: () => MachineTopology;
  /** Who hands out devices: to the nodes that CPUs and memory come from. */
  readonly devices: HintProvider;
  readonly runtime: Pick<CriRuntime, 'updateContainerResources'>;
  readonly cache: Pick<PodCache, 'get'>;
  readonly activePods: () => readonly Pod[];
  readonly sourcesReady: () => boolean;
}

/** Opens both state files. Throws a KubeletConfigError when one is another policy's or another machine's. */
export function openPlacement(options: PlacementOptions): Placement {
  const { clock, journal, settings, rootDir } = options;
  let read: MachineTopology | undefined;
  const machine = (): MachineTopology => {
    read ??= options.machine();
    return read;
  };
  const tooMany = settings.policy === 'none' ? undefined : findTooManyNodes(settings, machine().nodes.length);
  if (tooMany !== undefined) throw tooMany;
  const { file: cpuFile, manager: cpus, reserved } = openCpus(rootDir, settings.cpu, () => machine().cpus);
  const { file: memoryFile, manager: memory } = openMemory(rootDir, settings.memory, () => machine().nodes);
  const own = [...(cpus === undefined ? [] : [cpus]), ...(memory === undefined ? [] : [memory])];
  const providers: readonly HintProvider[] = [options.devices, ...own];
  const isIdle = own.length === 0;
  let admitting: Promise<unknown> = Promise.resolve();
  /** By pod and container: CPUs that the runtime was told of. */
  const told = new Map<string, string>();

  async function save(): Promise<void> {
    await cpuFile.write({
      policy: settings.cpu.policy,
      state: cpus?.state() ?? { shared: noCpus, assigned: new Map() },
    });
    await memoryFile.write({
      policy: settings.memory.policy,
      state: memory?.state() ?? { nodes: new Map(), held: new Map() },
    });
  }
  const saving = save().catch(problem('Failed to write the state of the CPU or memory manager'));

  function problem(what: string) {
    return (error: unknown) => journal.write({ kind: 'placement.problem', what, error: messageOf(error) });
  }

  function forget(pods: readonly Pod[]): void {
    if (!options.sourcesReady()) return;
    const uids = new Set(pods.map(uidOf));
    for (const provider of providers) provider.keepOnly(uids);
  }

  async function place(pod: Pod): Promise<Granted> {
    const before = { cpus: cpus?.state(), memory: memory?.state() };
    const startedAt = clock.now();
    const { nodes } = machine();
    const answer = await placePod(pod, providers, {
      policy: settings.policy,
      scope: settings.scope,
      nodes: nodes.map(({ id }) => id),
      distances: settings.preferClosest ? new Map(nodes.map(({ id, distances }) => [id, distances])) : undefined,
    });
    if (answer.kind === 'refused') {
      if (before.cpus !== undefined) cpus?.restore(before.cpus);
      if (before.memory !== undefined) memory?.restore(before.memory);
    }
    const state = cpus?.state();
    journal.write({
      kind: 'placement.decided',
      pod: logNameOf(pod),
      wantsCpus: cpus !== undefined && mostAtOnce(pod, (container) => wholeCpusOf(pod, container)) > 0,
      wantsMemory: memory?.wantsOwn(pod) ?? false,
      aligned: settings.policy !== 'none',
      reason: answer.kind === 'refused' ? answer.reason : undefined,
      because: answer.kind === 'refused' ? answer.message : '',
      ms: clock.now() - startedAt,
      exclusiveCpus: unionOf(...[...(state?.assigned.values() ?? [])].flatMap((own) => [...own.values()])).size,
      sharedCpus: without(state?.shared ?? noCpus, reserved).size,
    });
    return answer;
  }

  async function admitNext(pod: Pod, others: readonly Pod[]): Promise<Granted> {
    await saving;
    forget([...others, pod]);
    if (isIdle && settings.policy === 'none')
      return placePod(pod, providers, { policy: 'none', scope: settings.scope, nodes: [] });
    const answer = await place(pod);
    await save();
    return answer;
  }

  async function reconcile(): Promise<void> {
    const active = options.activePods();
    forget(active);
    for (const pod of active) {
      const uid = uidOf(pod);
      for (const { id, name, state } of options.cache.get(uid)?.containers ?? []) {
        const wanted = state === 'running' && cpus !== undefined ? formatCpuSet(cpus.cpusOf(uid, name)) : '';
        const key = `${uid}/${name}`;
        if (wanted === '' || told.get(key) === wanted) continue;
        try {
          await options.runtime.updateContainerResources(id, cpusOnly(wanted));
          told.set(key, wanted);
          journal.write({ kind: 'placement.cpusMoved', pod: logNameOf(pod), container: name, cpus: wanted });
        } catch (error) {
          problem('ReconcileState: failed to update container')(error);
        }
      }
    }
    const uids = new Set(active.map(uidOf));
    for (const key of told.keys()) if (!uids.has(key.slice(0, key.indexOf('/')))) told.delete(key);
    await save();
  }

  return {
    /** One pod after another: two at once could be given the same. */
    admit(pod, others) {
      const answer = admitting.then(() => admitNext(pod, others));
      admitting = answer.catch(() => undefined);
      return answer;
    },
    startOn(pod, container) {
      if (isIdle) return { cpusetCpus: '', cpusetMems: '' };
      cpus?.starts(pod, container);
      memory?.starts(pod, container);
      const uid = uidOf(pod);
      const cpusetCpus = formatCpuSet(cpus?.cpusOf(uid, container.name) ?? noCpus);
      told.set(`${uid}/${container.name}`, cpusetCpus);
      const nodes = memory?.heldBy(uid, container.name).flatMap(({ nodes }) => nodes) ?? [];
      return { cpusetCpus, cpusetMems: formatCpuSet(nodes) };
    },
    heldBy: (uid, container) => ({
      cpus: cpus?.state().assigned.get(uid)?.get(container) ?? noCpus,
      memory: memory?.heldBy(uid, container) ?? [],
    }),
    allocatable: () => ({
      cpus:
        cpus === undefined
          ? noCpus
          : without(
              machine().cpus.map(({ id }) => id),
              reserved,
            ),
      memory: memory?.allocatable() ?? [],
    }),
    async run(signal) {
      if (cpus === undefined) return;
      while (!signal.aborted) {
        await clock.sleep(settings.reconcileMs, signal).catch(() => undefined);
        if (!signal.aborted) await reconcile().catch(problem('Failed to reconcile CPUs'));
      }
    },
  };
}

const cpusOnly = (cpus: string): LinuxContainerResources => ({
  cpuPeriod: 0n,
  cpuQuota: 0n,
  cpuShares: 0n,
  memoryLimitInBytes: 0n,
  oomScoreAdj: 0n,
  cpusetCpus: cpus,
  cpusetMems: '',
  hugepageLimits: [],
  unified: {},
  memorySwapLimitInBytes: 0n,
});
