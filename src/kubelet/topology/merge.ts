import { countOf, type Hint, type HintsByResource, isNarrower, maskOf, type NumaMask, nodesOf } from './hints.ts';

export type TopologyPolicy = 'none' | 'best-effort' | 'restricted' | 'single-numa-node';

export interface MergeInputs {
  readonly policy: Exclude<TopologyPolicy, 'none'>;
  /** The machine's NUMA nodes. */
  readonly nodes: readonly number[];
  /** Of sets of as many nodes, those that lie closest are preferred: by node the distance to each other one. */
  readonly distances?: ReadonlyMap<number, readonly number[]> | undefined;
}

export type Alignment =
  | { readonly kind: 'aligned'; readonly hint: Hint }
  | { readonly kind: 'refused'; readonly because: string };

/** Finds the place that suits all resources best, and whether the policy takes a pod there. */
export function mergeHints(providers: readonly HintsByResource[], inputs: MergeInputs): Alignment {
  const { policy } = inputs;
  const all = maskOf(inputs.nodes);
  const lists = providers.flatMap(listHints);
  if (policy !== 'single-numa-node') {
    const hint = findBest(lists, all, inputs);
    return hint.preferred || policy === 'best-effort'
      ? { kind: 'aligned', hint }
      : { kind: 'refused', because: 'no preferred NUMA nodes' };
  }
  const single = lists.map((list) =>
    list.filter(({ nodes, preferred }) => preferred && (nodes === undefined || countOf(nodes) === 1)),
  );
  const hint = findBest(single, all, inputs);
  if (!hint.preferred) return { kind: 'refused', because: 'no single NUMA node has it all' };
  return { kind: 'aligned', hint: hint.nodes === all ? { nodes: undefined, preferred: true } : hint };
}

/** One list of hints for each thing that somebody has to say something on. */
function listHints(hints: HintsByResource): readonly (readonly Hint[])[] {
  const anywhere: Hint = { nodes: undefined, preferred: true };
  if (hints.size === 0) return [[anywhere]];
  return [...hints.values()].map((list) => {
    if (list === undefined) return [anywhere];
    return list.length === 0 ? [{ nodes: undefined, preferred: false }] : list;
  });
}

function findBest(lists: readonly (readonly Hint[])[], all: NumaMask, inputs: MergeInputs): Hint & { nodes: NumaMask } {
  const minima = lists.flatMap((list) => {
    const counts = list.flatMap(({ nodes }) => (nodes === undefined ? [] : [countOf(nodes)]));
    return counts.length === 0 ? [] : [Math.min(...counts)];
  });
  /** As many nodes as the most demanding resource needs: the best that can be had where nothing is preferred. */
  const needed = Math.max(0, ...minima);
  let best: (Hint & { nodes: NumaMask }) | undefined;
  for (const permutation of permutationsOf(lists)) {
    const masks = permutation.flatMap(({ nodes }) => (nodes === undefined ? [] : [nodes]));
    const candidate = {
      nodes: masks.reduce((merged, mask) => merged & mask, all),
      preferred: permutation.every((hint) => hint.preferred) && masks.every((mask) => mask === masks[0]),
    };
    if (candidate.nodes !== 0 && (best === undefined || isBetter(candidate, best, needed, inputs))) best = candidate;
  }
  return best ?? { nodes: all, preferred: false };
}

type Placed = Hint & { readonly nodes: NumaMask };

function isBetter(candidate: Placed, current: Placed, needed: number, inputs: MergeInputs): boolean {
  if (candidate.preferred !== current.preferred) return candidate.preferred;
  const fitter = () => isFitter(candidate.nodes, current.nodes, inputs);
  if (current.preferred) return fitter();
  const now = countOf(current.nodes);
  const then = countOf(candidate.nodes);
  if (now > needed) return fitter();
  if (now === needed) return then === needed && fitter();
  if (then >= needed) return then === needed;
  return then === now ? fitter() : then > now;
}

function isFitter(candidate: NumaMask, current: NumaMask, { policy, distances }: MergeInputs): boolean {
  if (candidate === current) return false;
  if (distances === undefined || policy === 'single-numa-node' || countOf(candidate) !== countOf(current))
    return !isNarrower(current, candidate);
  const difference = meanDistance(candidate, distances) - meanDistance(current, distances);
  return difference === 0 ? candidate < current : difference < 0;
}

function meanDistance(mask: NumaMask, distances: ReadonlyMap<number, readonly number[]>): number {
  const nodes = nodesOf(mask);
  const all = nodes.flatMap((a) => nodes.map((b) => distances.get(a)?.[b] ?? 0));
  return all.reduce((sum, distance) => sum + distance, 0) / all.length;
}

function* permutationsOf<T>(lists: readonly (readonly T[])[], from = 0): Generator<readonly T[]> {
  const list = lists[from];
  if (list === undefined) {
    yield [];
    return;
  }
  for (const item of list) for (const rest of permutationsOf(lists, from + 1)) yield [item, ...rest];
}
