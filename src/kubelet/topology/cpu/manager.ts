import type { Pod } from '../../../api/types.ts';
import type { RunnableContainer } from '../../parts.ts';
import { isSidecar, uidOf } from '../../pod-facts.ts';
import type { Hint, HintsByResource } from '../hints.ts';
import { type Granted, granted, type HintProvider, unexpected } from '../provider.ts';
import { type CpuSet, noCpus, unionOf, without } from './cpu-set.ts';
import {
  assignCpus,
  type CpuRules,
  type CpuState,
  decideCpus,
  listCpuHints,
  releaseCpus,
  reusableCpus,
} from './policy.ts';
import { mostAtOnce, wholeCpusOf } from './whole-cpus.ts';

export interface CpuManager extends HintProvider {
  state(): CpuState;
  /** Puts an earlier state back. */
  restore(state: CpuState): void;
  /** The CPUs that the container runs on. */
  cpusOf(uid: string, container: string): CpuSet;
  /** Init containers before this one have ended: what they alone had is free. */
  starts(pod: Pod, container: RunnableContainer): void;
  keepOnly(uids: ReadonlySet<string>): void;
}

/** Hands out CPUs by the static policy, beginning with a state that fits the rules. */
export function staticCpus(rules: CpuRules, initial: CpuState): CpuManager {
  let state = initial;
  const heldBy = (uid: string): ReadonlyMap<string, CpuSet> => state.assigned.get(uid) ?? new Map();
  const hintsOf = (count: number, held: CpuSet, reusable: CpuSet): HintsByResource => {
    if (count === 0) return new Map();
    if (held.size > 0 && held.size === count) return new Map([['cpu', listCpuHints(rules, held, noCpus, count)]]);
    return new Map([['cpu', listCpuHints(rules, without(state.shared, rules.reserved), reusable, count)]]);
  };
  const release = (uid: string, container: string): void => {
    state = releaseCpus(state, uid, container);
  };
  return {
    state: () => state,
    restore: (earlier) => {
      state = earlier;
    },
    cpusOf: (uid, container) => heldBy(uid).get(container) ?? state.shared,
    hints(pod, container) {
      const held = heldBy(uidOf(pod)).get(container.name) ?? noCpus;
      return hintsOf(wholeCpusOf(pod, container), held, reusableCpus(pod, container, state, uidOf(pod)));
    },
    podHints(pod) {
      const held = unionOf(...heldBy(uidOf(pod)).values());
      return hintsOf(
        mostAtOnce(pod, (container) => wholeCpusOf(pod, container)),
        held,
        held,
      );
    },
    allocate(pod: Pod, container: RunnableContainer, { nodes }: Hint): Granted {
      const uid = uidOf(pod);
      const count = wholeCpusOf(pod, container);
      if (count === 0 || heldBy(uid).has(container.name)) return granted;
      const reusable = reusableCpus(pod, container, state, uid);
      const decision = decideCpus(rules, state, { count, affinity: nodes, reusable });
      if (decision.kind === 'refuse')
        return decision.reason === 'unexpected'
          ? unexpected(decision.because)
          : { kind: 'refused', reason: decision.reason, message: decision.because };
      state = assignCpus(state, uid, container.name, decision.cpus);
      return granted;
    },
    starts(pod, container) {
      for (const earlier of pod.spec?.initContainers ?? []) {
        if (earlier.name === container.name) return;
        if (!isSidecar(earlier)) release(uidOf(pod), earlier.name);
      }
    },
    keepOnly(uids) {
      for (const [uid, containers] of state.assigned)
        if (!uids.has(uid)) for (const container of containers.keys()) release(uid, container);
    },
  };
}

/** Why a state that an earlier run left cannot be gone on with; undefined: it can. */
export function findCpuStateProblem({ topology, reserved, options }: CpuRules, state: CpuState): string | undefined {
  const { shared, assigned } = state;
  const all = new Set(topology.map(({ id }) => id));
  const usable = options.strictReservation ? without(all, reserved) : all;
  const own = [...assigned.values()].flatMap((containers) => [...containers.values()]);
  if (shared.size === 0) return own.length === 0 ? undefined : 'default cpuset cannot be empty';
  const strictlyReserved = [...reserved].filter((cpu) => shared.has(cpu)).length;
  if (options.strictReservation && strictlyReserved > 0)
    return 'some of strictly reserved cpus are present in defaultCpuSet';
  if (!options.strictReservation && strictlyReserved < reserved.size)
    return 'not all reserved cpus are present in defaultCpuSet';
  if (own.some((cpus) => [...cpus].some((cpu) => shared.has(cpu))))
    return 'a container’s cpuset overlaps with the default cpuset';
  const known = unionOf(shared, ...own);
  return known.size === usable.size && [...known].every((cpu) => usable.has(cpu))
    ? undefined
    : "current set of available CPUs doesn't match with CPUs in state";
}

/** The state before any container was given a CPU. */
export const initialCpuState = ({ topology, reserved, options }: CpuRules): CpuState => {
  const all = new Set(topology.map(({ id }) => id));
  return { shared: options.strictReservation ? without(all, reserved) : all, assigned: new Map() };
};
