/** NUMA nodes as bits: node n is bit n. */
export type NumaMask = number;

/** A place a resource could come from. `nodes` undefined: anywhere is as good. */
export interface Hint {
  readonly nodes: NumaMask | undefined;
  /** No other place would need fewer nodes. */
  readonly preferred: boolean;
}

/** What may be had of each resource; undefined: it does not matter where from; none: it cannot be had. */
export type HintsByResource = ReadonlyMap<string, readonly Hint[] | undefined>;

export const maskOf = (nodes: Iterable<number>): NumaMask => [...nodes].reduce((mask, node) => mask | (1 << node), 0);
export const nodesOf = (mask: NumaMask): readonly number[] =>
  Array.from({ length: 31 }, (_, node) => node).filter((node) => (mask & (1 << node)) !== 0);
export const countOf = (mask: NumaMask): number => nodesOf(mask).length;

/** Fewer nodes, or as many with lower numbers. */
export const isNarrower = (a: NumaMask, b: NumaMask): boolean =>
  countOf(a) === countOf(b) ? a < b : countOf(a) < countOf(b);

/** Every set of the nodes, small ones first. */
export function* masksOf(nodes: readonly number[]): Generator<NumaMask> {
  function* ofSize(size: number, from: number): Generator<NumaMask> {
    if (size === 0) yield 0;
    else
      for (let index = from; index <= nodes.length - size; index += 1)
        for (const rest of ofSize(size - 1, index + 1)) yield (1 << (nodes[index] as number)) | rest;
  }
  for (let size = 1; size <= nodes.length; size += 1) yield* ofSize(size, 0);
}
