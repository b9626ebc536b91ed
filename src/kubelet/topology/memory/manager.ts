import type { Pod } from '../../../api/types.ts';
import type { RunnableContainer } from '../../parts.ts';
import { isSidecar, uidOf } from '../../pod-facts.ts';
import { unitsOf } from '../../quantity.ts';
import { mayHaveOwn, mostAtOnce } from '../cpu/whole-cpus.ts';
import { type Hint, type HintsByResource, maskOf, type NumaMask } from '../hints.ts';
import { type Granted, granted, type HintProvider, unexpected } from '../provider.ts';
import { type Amounts, assignMemory, decideMemory, listMemoryHints, releaseMemory } from './policy.ts';
import type { MemoryBlock, MemoryState } from './state.ts';

export interface MemoryManager extends HintProvider {
  state(): MemoryState;
  restore(state: MemoryState): void;
  heldBy(uid: string, container: string): readonly MemoryBlock[];
  wantsOwn(pod: Pod): boolean;
  allocatable(): readonly MemoryBlock[];
  /** Init containers before this one have ended: what they alone had is free. */
  starts(pod: Pod, container: RunnableContainer): void;
  keepOnly(uids: ReadonlySet<string>): void;
}

const isMemory = (resource: string): boolean => resource === 'memory' || resource.startsWith('hugepages-');

/** What the container is to have for itself. */
function amountsOf(pod: Pod, container: RunnableContainer): Amounts {
  const { requests, limits } = container.resources ?? {};
  const entries = Object.entries({ ...limits, ...requests }).filter(([resource]) => isMemory(resource));
  return new Map(mayHaveOwn(pod) ? entries.map(([resource, quantity]) => [resource, unitsOf(quantity)]) : []);
}

/** Hands out memory by the static policy. */
export function staticMemory(initial: MemoryState): MemoryManager {
  let state = initial;
  const heldBy = (uid: string, container: string): readonly MemoryBlock[] => state.held.get(uid)?.get(container) ?? [];
  const endedBefore = (pod: Pod, container: RunnableContainer): readonly string[] => {
    const inits = pod.spec?.initContainers ?? [];
    const index = inits.findIndex(({ name }) => name === container.name);
    return inits
      .slice(0, index < 0 ? undefined : index)
      .filter((init) => !isSidecar(init))
      .map(({ name }) => name);
  };
  const reusableBy = (pod: Pod, container: RunnableContainer) => (mask: NumaMask, resource: string) =>
    endedBefore(pod, container)
      .flatMap((name) => heldBy(uidOf(pod), name))
      .filter((block) => block.resource === resource && maskOf(block.nodes) === mask)
      .reduce((sum, { bytes }) => sum + bytes, 0);
  const asHints = (amounts: Amounts, hints: readonly Hint[]): HintsByResource =>
    new Map([...amounts.keys()].map((resource) => [resource, hints]));
  const onlyOn = (blocks: readonly MemoryBlock[]): readonly Hint[] => [
    { nodes: maskOf(blocks.flatMap(({ nodes }) => nodes)), preferred: true },
  ];
  const podAmounts = (pod: Pod): Amounts => {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const resources = new Set(containers.flatMap((container) => [...amountsOf(pod, container).keys()]));
    return new Map(
      [...resources].map((resource) => [
        resource,
        mostAtOnce(pod, (container) => amountsOf(pod, container).get(resource) ?? 0),
      ]),
    );
  };
  return {
    state: () => state,
    restore: (earlier) => {
      state = earlier;
    },
    heldBy,
    wantsOwn: (pod) => podAmounts(pod).size > 0,
    allocatable: () =>
      [...state.nodes].flatMap(([id, { tables }]) =>
        [...tables].flatMap(([resource, { allocatable }]) =>
          allocatable === 0 ? [] : [{ nodes: [id], resource, bytes: allocatable }],
        ),
      ),
    hints(pod, container) {
      const amounts = amountsOf(pod, container);
      if (amounts.size === 0) return new Map();
      const held = heldBy(uidOf(pod), container.name);
      if (held.length > 0) return asHints(amounts, onlyOn(held));
      return asHints(amounts, listMemoryHints(state.nodes, amounts, reusableBy(pod, container)));
    },
    podHints(pod) {
      const amounts = podAmounts(pod);
      if (amounts.size === 0) return new Map();
      const held = [...(state.held.get(uidOf(pod))?.values() ?? [])].flat();
      return asHints(amounts, held.length > 0 ? onlyOn(held) : listMemoryHints(state.nodes, amounts));
    },
    allocate(pod, container, hint): Granted {
      const uid = uidOf(pod);
      const amounts = amountsOf(pod, container);
      if (amounts.size === 0 || heldBy(uid, container.name).length > 0) return granted;
      const decision = decideMemory(state.nodes, amounts, hint, reusableBy(pod, container));
      if (decision.kind === 'refuse') return unexpected(decision.because);
      const blocks = [...amounts].map(([resource, bytes]) => ({ nodes: decision.nodes, resource, bytes }));
      state = assignMemory(state, uid, container.name, blocks, endedBefore(pod, container));
      return granted;
    },
    starts(pod, container) {
      for (const name of endedBefore(pod, container)) state = releaseMemory(state, uidOf(pod), name);
    },
    keepOnly(uids) {
      for (const [uid, containers] of state.held)
        if (!uids.has(uid)) for (const container of containers.keys()) state = releaseMemory(state, uid, container);
    },
  };
}
