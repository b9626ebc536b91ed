import { countOf, type Hint, isNarrower, masksOf, type NumaMask, nodesOf } from '../hints.ts';
import { type MemoryBlock, type MemoryState, type NodeMemory, shift } from './state.ts';

/** Resource → bytes. */
export type Amounts = ReadonlyMap<string, number>;

export type MemoryDecision =
  | { readonly kind: 'assign'; readonly nodes: readonly number[]; readonly because: string }
  | { readonly kind: 'refuse'; readonly because: string };

type Nodes = ReadonlyMap<number, NodeMemory>;

const sumOf = (nodes: Nodes, mask: NumaMask, resource: string, of: 'free' | 'allocatable'): number =>
  nodesOf(mask).reduce((sum, id) => sum + (nodes.get(id)?.tables.get(resource)?.[of] ?? 0), 0);

const sameNodes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((node) => b.includes(node));

/**
 * A node whose memory is part of a group of nodes serves that group only, and a node that serves containers alone is
 * no part of a group: so what a container may use is always what it was given.
 */
function breaksGroups(nodes: Nodes, mask: NumaMask): boolean {
  const members = nodesOf(mask);
  if (members.length === 1) return (nodes.get(members[0] as number)?.cells.length ?? 1) > 1;
  return members.some((id) => {
    const node = nodes.get(id);
    return node !== undefined && node.assignments > 0 && !sameNodes(node.cells, members);
  });
}

/** Sets of NUMA nodes that have all the amounts free. `reusable`: what ended init containers leave there. */
export function listMemoryHints(
  nodes: Nodes,
  amounts: Amounts,
  reusable: (mask: NumaMask, resource: string) => number = () => 0,
): readonly Hint[] {
  const wanted = [...amounts];
  const large = [...masksOf([...nodes.keys()].sort((a, b) => a - b))].filter((mask) =>
    wanted.every(([resource, bytes]) => sumOf(nodes, mask, resource, 'allocatable') >= bytes),
  );
  const smallest = Math.min(nodes.size, ...large.map(countOf));
  return large
    .filter((mask) => !breaksGroups(nodes, mask))
    .filter((mask) =>
      wanted.every(([resource, bytes]) => sumOf(nodes, mask, resource, 'free') + reusable(mask, resource) >= bytes),
    )
    .map((mask) => ({ nodes: mask, preferred: countOf(mask) === smallest }));
}

const bestOf = (hints: readonly Hint[]): Hint | undefined =>
  hints.reduce<Hint | undefined>((best, hint) => {
    if (best === undefined || (hint.preferred && !best.preferred)) return hint;
    if (hint.preferred !== best.preferred) return best;
    return isNarrower(hint.nodes ?? 0, best.nodes ?? 0) ? hint : best;
  }, undefined);

/** Which NUMA nodes a container's memory comes from, beginning with those of the hint. */
export function decideMemory(
  nodes: Nodes,
  amounts: Amounts,
  hint: Hint,
  reusable: (mask: NumaMask, resource: string) => number,
): MemoryDecision {
  const refuse = (because: string): MemoryDecision => ({ kind: 'refuse', because: `[memorymanager] ${because}` });
  const all = listMemoryHints(nodes, amounts, reusable);
  let chosen: Hint | undefined = hint.nodes === undefined ? bestOf(all) : hint;
  if (chosen?.nodes === undefined)
    return refuse('failed to get the default NUMA affinity, no NUMA nodes with enough memory is available');
  if (hint.preferred && !chosen.preferred) return refuse('failed to find the default preferred hint');
  const given: NumaMask = chosen.nodes;
  const suffices = [...amounts].every(
    ([resource, bytes]) => sumOf(nodes, given, resource, 'free') + reusable(given, resource) >= bytes,
  );
  if (!suffices) {
    chosen = bestOf(all.filter((other) => other.nodes !== undefined && (other.nodes & given) === given));
    if (chosen?.nodes === undefined) return refuse('failed to find NUMA nodes to extend the current topology hint');
    if (hint.preferred && !chosen.preferred) return refuse('failed to find the extended preferred hint');
  }
  const mask = chosen.nodes ?? given;
  if (countOf(mask) > 1 && breaksGroups(nodes, mask)) return refuse('preferred hint violates NUMA node allocation');
  return { kind: 'assign', nodes: nodesOf(mask), because: 'a guaranteed container asks for memory' };
}

/** Gives a container its blocks. Of what ended init containers of the pod leave on the same nodes, nothing is taken anew. */
export function assignMemory(
  state: MemoryState,
  uid: string,
  container: string,
  blocks: readonly MemoryBlock[],
  endedInits: readonly string[],
): MemoryState {
  const containers = new Map(state.held.get(uid));
  let { nodes } = state;
  for (const block of blocks) {
    let missing = block.bytes;
    for (const name of endedInits) {
      const own = (containers.get(name) ?? []).map((other) => {
        if (other.resource !== block.resource || !sameNodes(other.nodes, block.nodes)) return other;
        const part = Math.min(other.bytes, missing);
        missing -= part;
        return { ...other, bytes: other.bytes - part };
      });
      if (containers.has(name)) containers.set(name, own);
    }
    nodes = shift(nodes, block, missing, 1);
  }
  containers.set(container, blocks);
  return { nodes, held: new Map(state.held).set(uid, containers) };
}

/** Gives back what a container was given. */
export function releaseMemory(state: MemoryState, uid: string, container: string): MemoryState {
  const blocks = state.held.get(uid)?.get(container);
  if (blocks === undefined) return state;
  const containers = new Map(state.held.get(uid));
  containers.delete(container);
  const held = new Map(state.held).set(uid, containers);
  if (containers.size === 0) held.delete(uid);
  return { nodes: blocks.reduce((nodes, block) => shift(nodes, block, block.bytes, -1), state.nodes), held };
}
