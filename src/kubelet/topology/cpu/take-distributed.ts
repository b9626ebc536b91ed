import { type CpuSet, noCpus, unionOf, without } from './cpu-set.ts';
import { type CpuTopology, membersOf } from './cpu-topology.ts';
import { type CpuChoice, isNumaFirst, notEnough, orderOf, type PackedOptions, takePacked } from './take-packed.ts';

export interface DistributedOptions {
  /** CPUs go in groups of this size (the threads of a core). */
  readonly groupSize: number;
  readonly spreadOverCores: boolean;
  /** Rather NUMA nodes of one socket than balanced ones. */
  readonly alignBySocket: boolean;
}

/** What is taken of which NUMA node, one after the other: first the even shares, then what these leave over. */
type Shares = readonly { readonly node: number; readonly cpus: number }[];

/**
 * Takes `count` CPUs in equal parts from as few NUMA nodes as can give them, so that the nodes are left as evenly
 * filled as possible. Where that cannot be, they are packed.
 */
export function takeDistributed(
  topology: CpuTopology,
  available: CpuSet,
  count: number,
  options: DistributedOptions,
): CpuChoice {
  const { groupSize } = options;
  const packed: PackedOptions = { spreadOverCores: options.spreadOverCores, preferFewCaches: false };
  if (count % groupSize !== 0 || count < 1) return takePacked(topology, available, count, packed);
  if (count > available.size) return notEnough(count, available.size);
  const free = topology.filter(({ id }) => available.has(id));
  const freeOf = new Map(
    orderOf(free, 'numa', isNumaFirst(topology)).map((n) => [n, free.filter(({ numa }) => numa === n)]),
  );
  const perNode = Math.ceil(Math.ceil(topology.length / groupSize) / membersOf(topology, 'numa').length);
  const groups = count / groupSize;
  const most = Math.min(groups, freeOf.size);
  for (let size = Math.ceil(groups / perNode); size <= most; size += 1) {
    const shares = decideShares(topology, new Map([...freeOf].map(([n, cpus]) => [n, cpus.length])), {
      count,
      size,
      ...options,
    });
    if (shares === undefined) continue;
    let taken: CpuSet = noCpus;
    for (const { node, cpus } of shares) {
      const open = without(
        (freeOf.get(node) ?? []).map(({ id }) => id),
        taken,
      );
      const choice = takePacked(topology, open, cpus, packed);
      if (choice.kind === 'impossible') return choice;
      taken = unionOf(taken, choice.cpus);
    }
    return { kind: 'chosen', cpus: taken };
  }
  return takePacked(topology, available, count, packed);
}

/**
 * The best way to take `count` CPUs from `size` of the nodes, whose free CPUs are given; of two that are as good, that
 * whose nodes come first. Undefined: there is none.
 */
export function decideShares(
  topology: CpuTopology,
  free: ReadonlyMap<number, number>,
  { count, size, groupSize, alignBySocket }: { count: number; size: number } & DistributedOptions,
): Shares | undefined {
  let best: { shares: Shares; balance: number; oneSocket: boolean } | undefined;
  for (const combination of combinations([...free.keys()], size)) {
    const wholeGroups = combination.map((node) => Math.floor((free.get(node) ?? 0) / groupSize) * groupSize);
    if (wholeGroups.reduce((sum, n) => sum + n, 0) < count) continue;
    const even = Math.floor(count / size / groupSize) * groupSize;
    const share = alignBySocket ? Math.min(even, ...wholeGroups) : even;
    if (combination.some((node) => (free.get(node) ?? 0) < share)) continue;
    const found = placeRemainder(free, combination, share, count - share * size, groupSize);
    if (found === undefined) continue;
    const oneSocket = alignBySocket && inOneSocket(topology, combination);
    const better = best === undefined || (oneSocket === best.oneSocket ? found.balance < best.balance : oneSocket);
    if (better) best = { ...found, oneSocket };
  }
  return best?.shares;
}

/** Gives what an even share leaves over to as many of the nodes as keep the whole best balanced. */
function placeRemainder(
  free: ReadonlyMap<number, number>,
  combination: readonly number[],
  share: number,
  remainder: number,
  groupSize: number,
): { shares: Shares; balance: number } | undefined {
  const shares = combination.map((node) => ({ node, cpus: share }));
  const leftBy = (taken: Shares): Map<number, number> => {
    const left = new Map(free);
    for (const { node, cpus } of taken) left.set(node, (left.get(node) ?? 0) - cpus);
    return left;
  };
  if (remainder === 0) return { shares, balance: deviationOf([...leftBy(shares).values()]) };
  const candidates = combination.filter((node) => (free.get(node) ?? 0) - share >= groupSize);
  let best: { shares: Shares; balance: number } | undefined;
  for (let size = candidates.length; size >= 1; size -= 1) {
    for (const subset of combinations(candidates, size)) {
      const left = leftBy(shares);
      const groups = subset.reduce((sum, node) => sum + Math.floor((left.get(node) ?? 0) / groupSize), 0);
      if (groups * groupSize < remainder) continue;
      const more = [...shares];
      for (let turn = 0; (more.length - shares.length) * groupSize < remainder; turn += 1) {
        const node = subset[turn % subset.length] as number;
        if ((left.get(node) ?? 0) < groupSize) continue;
        left.set(node, (left.get(node) ?? 0) - groupSize);
        more.push({ node, cpus: groupSize });
      }
      const balance = deviationOf([...left.values()]);
      if (best === undefined || balance < best.balance) best = { shares: more, balance };
    }
  }
  return best;
}

const inOneSocket = (topology: CpuTopology, nodes: readonly number[]): boolean =>
  new Set(topology.filter(({ numa }) => nodes.includes(numa)).map(({ socket }) => socket)).size === 1;

const thousandths = (value: number): number => Math.round(value * 1000) / 1000;

/** Standard deviation, rounded so that the order of summing does not decide. */
function deviationOf(values: readonly number[]): number {
  const mean = thousandths(values.reduce((sum, value) => sum + value, 0) / values.length);
  return thousandths(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length));
}

/** Every choice of `size` of the items, in the items' order. */
export function* combinations<T>(items: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let index = from; index <= items.length - size; index += 1) {
    for (const rest of combinations(items, size - 1, index + 1)) yield [items[index] as T, ...rest];
  }
}
