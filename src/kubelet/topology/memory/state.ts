/** Memory, or huge pages of one size, of one NUMA node; in bytes. */
export interface MemoryTable {
  readonly total: number;
  readonly systemReserved: number;
  readonly allocatable: number;
  readonly reserved: number;
  readonly free: number;
}

export interface NodeMemory {
  /** How many blocks lie on this node. */
  readonly assignments: number;
  readonly tables: ReadonlyMap<string, MemoryTable>;
  /** The nodes that blocks on this node share; alone: only this one. */
  readonly cells: readonly number[];
}

/** What a container was given of one resource. */
export interface MemoryBlock {
  readonly nodes: readonly number[];
  readonly resource: string;
  readonly bytes: number;
}

export interface MemoryState {
  readonly nodes: ReadonlyMap<number, NodeMemory>;
  /** Pod UID → container → blocks. */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, readonly MemoryBlock[]>>;
}

/** Takes `bytes` from the nodes one after the other, or gives them back when negative; `by` blocks more lie there. */
export function shift(
  state: ReadonlyMap<number, NodeMemory>,
  block: Pick<MemoryBlock, 'nodes' | 'resource'>,
  bytes: number,
  by: 1 | -1,
): ReadonlyMap<number, NodeMemory> {
  const changed = new Map(state);
  let open = Math.abs(bytes);
  for (const id of block.nodes) {
    const node = changed.get(id);
    if (node === undefined) continue;
    const assignments = node.assignments + by;
    const cells = by === 1 ? block.nodes : assignments === 0 ? [id] : node.cells;
    const table = node.tables.get(block.resource);
    const part = Math.min(open, (by === 1 ? table?.free : table?.reserved) ?? 0);
    const tables = new Map(node.tables);
    if (table !== undefined)
      tables.set(block.resource, { ...table, free: table.free - by * part, reserved: table.reserved + by * part });
    open -= part;
    changed.set(id, { assignments, cells, tables });
  }
  return changed;
}
