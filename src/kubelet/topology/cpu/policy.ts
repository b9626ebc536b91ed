import type { Pod } from '../../../api/types.ts';
import type { RunnableContainer } from '../../parts.ts';
import { isSidecar } from '../../pod-facts.ts';
import { countOf, type Hint, masksOf, type NumaMask, nodesOf } from '../hints.ts';
import { type CpuSet, common, noCpus, unionOf, without } from './cpu-set.ts';
import { type CpuTopology, cpusPer, membersOf } from './cpu-topology.ts';
import type { CpuPolicyOptions } from './options.ts';
import { takeDistributed } from './take-distributed.ts';
import { type CpuChoice, takePacked } from './take-packed.ts';

/** What containers have for themselves (pod UID → container → CPUs), and what all others share. */
export interface CpuState {
  readonly shared: CpuSet;
  readonly assigned: ReadonlyMap<string, ReadonlyMap<string, CpuSet>>;
}

export interface CpuRules {
  readonly topology: CpuTopology;
  /** CPUs that no container has for itself. */
  readonly reserved: CpuSet;
  readonly options: CpuPolicyOptions;
}

export type CpuDecision =
  | { readonly kind: 'assign'; readonly cpus: CpuSet; readonly because: string }
  | { readonly kind: 'refuse'; readonly reason: 'SMTAlignmentError' | 'unexpected'; readonly because: string };

/** Takes CPUs for a container, or for the system, as the policy's options say. */
export function takeCpus(
  { topology, options }: Omit<CpuRules, 'reserved'>,
  available: CpuSet,
  count: number,
): CpuChoice {
  const spreadOverCores = options.distributeAcrossCores;
  if (!options.distributeAcrossNuma)
    return takePacked(topology, available, count, { spreadOverCores, preferFewCaches: options.preferFewCaches });
  const groupSize = options.fullPhysicalCpusOnly ? cpusPer(topology, 'core') : 1;
  return takeDistributed(topology, available, count, {
    groupSize,
    spreadOverCores,
    alignBySocket: options.alignBySocket,
  });
}

/** CPUs of the pod's init containers that have ended when this one starts, and that no later one holds. */
export function reusableCpus(pod: Pod, container: RunnableContainer, state: CpuState, uid: string): CpuSet {
  const held = state.assigned.get(uid);
  let reusable = noCpus;
  const take = (other: RunnableContainer, ends: boolean): boolean => {
    if (other.name === container.name) return true;
    const cpus = held?.get(other.name) ?? noCpus;
    reusable = ends ? unionOf(reusable, cpus) : without(reusable, cpus);
    return false;
  };
  if ((pod.spec?.initContainers ?? []).some((other) => take(other, !isSidecar(other)))) return reusable;
  (pod.spec?.containers ?? []).some((other) => take(other, false));
  return reusable;
}

/** Which CPUs a container gets that is to have `count` for itself. `affinity`: the NUMA nodes they should be of. */
export function decideCpus(
  rules: CpuRules,
  state: CpuState,
  { count, affinity, reusable }: { count: number; affinity: NumaMask | undefined; reusable: CpuSet },
): CpuDecision {
  const { topology, reserved, options } = rules;
  const unaligned = findSmtProblem(rules, state, count);
  if (unaligned !== undefined) return { kind: 'refuse', reason: 'SMTAlignmentError', because: unaligned };
  const available = unionOf(without(state.shared, reserved), reusable);
  let cpus = noCpus;
  if (affinity !== undefined) {
    const aligned = common(available, new Set(cpusNear(topology, affinity, options.alignBySocket)));
    const first = takeCpus(rules, aligned, Math.min(count, aligned.size));
    if (first.kind === 'impossible') return { kind: 'refuse', reason: 'unexpected', because: first.because };
    cpus = first.cpus;
  }
  const rest = takeCpus(rules, without(available, cpus), count - cpus.size);
  if (rest.kind === 'impossible') return { kind: 'refuse', reason: 'unexpected', because: rest.because };
  return { kind: 'assign', cpus: unionOf(cpus, rest.cpus), because: 'a guaranteed container asks for whole CPUs' };
}

function cpusNear(topology: CpuTopology, affinity: NumaMask, bySocket: boolean): readonly number[] {
  const nodes = new Set(nodesOf(affinity));
  const near = topology.filter(({ numa }) => nodes.has(numa));
  const sockets = new Set(near.map(({ socket }) => socket));
  return (bySocket ? topology.filter(({ socket }) => sockets.has(socket)) : near).map(({ id }) => id);
}

function findSmtProblem({ topology, reserved, options }: CpuRules, state: CpuState, count: number): string | undefined {
  if (!options.fullPhysicalCpusOnly) return undefined;
  const perCore = cpusPer(topology, 'core');
  if (count % perCore !== 0)
    return `SMT Alignment Error: requested ${count} cpus not multiple cpus per core = ${perCore}`;
  const reservedCores = new Set(topology.filter(({ id }) => reserved.has(id)).map(({ core }) => core));
  // A sibling of a reserved CPU is half a core only.
  const whole = topology.filter(({ id, core }) => state.shared.has(id) && !reservedCores.has(core)).length;
  return count <= whole
    ? undefined
    : `SMT Alignment Error: not enough free physical CPUs: available physical CPUs = ${whole}, requested CPUs = ${count}, CPUs per core = ${perCore}`;
}

export const assignCpus = (state: CpuState, uid: string, container: string, cpus: CpuSet): CpuState => ({
  shared: without(state.shared, cpus),
  assigned: new Map(state.assigned).set(uid, new Map(state.assigned.get(uid)).set(container, cpus)),
});

/** Gives a container's CPUs back, but for those that others of the same pod hold. */
export function releaseCpus(state: CpuState, uid: string, container: string): CpuState {
  const own = state.assigned.get(uid)?.get(container);
  if (own === undefined) return state;
  const siblings = new Map(state.assigned.get(uid));
  siblings.delete(container);
  const assigned = new Map(state.assigned).set(uid, siblings);
  if (siblings.size === 0) assigned.delete(uid);
  return { shared: unionOf(state.shared, without(own, unionOf(...siblings.values()))), assigned };
}

/** Sets of NUMA nodes that `count` CPUs could come from. `held`: CPUs of the pod that have to be among them. */
export function listCpuHints(rules: CpuRules, available: CpuSet, held: CpuSet, count: number): readonly Hint[] {
  const { topology, options } = rules;
  const nodes = membersOf(topology, 'numa');
  const inMask = (mask: NumaMask, cpus: CpuSet): number =>
    topology.filter(({ id, numa }) => cpus.has(id) && (mask & (1 << numa)) !== 0).length;
  const all = new Set(topology.map(({ id }) => id));
  const masks = [...masksOf(nodes)];
  const smallest = Math.min(nodes.length, ...masks.filter((mask) => inMask(mask, all) >= count).map(countOf));
  const perSocket = Math.floor(nodes.length / membersOf(topology, 'socket').length);
  const isPreferred = (mask: NumaMask): boolean => {
    if (countOf(mask) === smallest) return true;
    if (!options.alignBySocket || perSocket === 0) return false;
    const sockets = membersOf(
      topology.filter(({ numa }) => (mask & (1 << numa)) !== 0),
      'socket',
    ).length;
    return sockets === Math.ceil(smallest / perSocket);
  };
  return masks
    .filter((mask) => inMask(mask, held) === held.size && inMask(mask, available) + held.size >= count)
    .map((mask) => ({ nodes: mask, preferred: isPreferred(mask) }));
}
