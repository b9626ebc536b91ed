import { join } from 'node:path';
import { KubeletConfigError } from '../../config/index.ts';
import { renderBytes } from '../../quantity.ts';
import type { NumaNode } from '../machine-topology.ts';
import { type StateFile, stateFile } from '../state-file.ts';
import { type MemoryCheckpoint, parseMemoryCheckpoint, renderMemoryCheckpoint } from './checkpoint.ts';
import { type MemoryManager, staticMemory } from './manager.ts';
import type { MemoryState, MemoryTable } from './state.ts';

export interface MemorySettings {
  readonly policy: 'None' | 'Static';
  /** What the system keeps on each NUMA node: resource → bytes. */
  readonly reserved: readonly { readonly node: number; readonly bytes: ReadonlyMap<string, number> }[];
  /** What node allocatable leaves to the system, which has to be the same in all. */
  readonly nodeReserved: ReadonlyMap<string, number>;
}

/** Why reservations by node are at odds with the machine or with node allocatable; undefined: they are not. */
export function findReservationProblem(settings: MemorySettings, nodes: readonly NumaNode[]): string | undefined {
  const { reserved, nodeReserved } = settings;
  const strange = reserved.find(({ node }) => nodes.every(({ id }) => id !== node));
  if (strange !== undefined)
    return `the reserved memory configuration references a NUMA node ${strange.node} that does not exist on this machine`;
  const resources = new Set([...reserved.flatMap(({ bytes }) => [...bytes.keys()]), ...nodeReserved.keys()]);
  for (const resource of resources) {
    const sum = reserved.reduce((total, { bytes }) => total + (bytes.get(resource) ?? 0), 0);
    const wanted = nodeReserved.get(resource) ?? 0;
    if (sum !== wanted)
      return `the total amount "${renderBytes(sum)}" of type ${JSON.stringify(resource)} is not equal to the value "${renderBytes(wanted)}" determined by Node Allocatable feature`;
  }
  const memory = reserved.reduce((total, { bytes }) => total + (bytes.get('memory') ?? 0), 0);
  return memory > 0 ? undefined : '[memorymanager] you should specify the system reserved memory';
}

/** All of the machine's memory as it is before any container was given some. */
export function initialMemoryState(settings: MemorySettings, nodes: readonly NumaNode[]): MemoryState {
  const tableOf = (node: number, resource: string, total: number, elsewhere: number): MemoryTable => {
    const systemReserved = settings.reserved
      .filter((reservation) => reservation.node === node)
      .reduce((sum, { bytes }) => sum + (bytes.get(resource) ?? 0), 0);
    const allocatable = Math.max(0, total - systemReserved - elsewhere);
    return { total, systemReserved, allocatable, reserved: 0, free: allocatable };
  };
  return {
    held: new Map(),
    nodes: new Map(
      nodes.map(({ id, memoryBytes, hugePages }) => {
        const inPages = [...hugePages.values()].reduce((sum, bytes) => sum + bytes, 0);
        const pages = [...hugePages].map(
          ([size, bytes]) =>
            [`hugepages-${renderBytes(size)}`, tableOf(id, `hugepages-${renderBytes(size)}`, bytes, 0)] as const,
        );
        const tables = new Map([...pages, ['memory', tableOf(id, 'memory', memoryBytes, inPages)] as const]);
        return [id, { assignments: 0, tables, cells: [id] }];
      }),
    ),
  };
}

/** Why a state was made for another machine, or under other reservations. */
export function findMemoryStateProblem(state: MemoryState, initial: MemoryState): string | undefined {
  const shape = ({ nodes }: MemoryState): string =>
    JSON.stringify(
      [...nodes].map(([id, { tables }]) => [
        id,
        [...tables]
          .map(([resource, { total, systemReserved, allocatable }]) => [resource, total, systemReserved, allocatable])
          .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      ]),
    );
  if (state.nodes.size === 0) return state.held.size === 0 ? undefined : 'machine state cannot be empty';
  return shape(state) === shape(initial) ? undefined : 'the expected machine state is different from the real one';
}

export interface OpenMemory {
  readonly file: StateFile<MemoryCheckpoint>;
  /** Undefined: the policy is None. */
  readonly manager: MemoryManager | undefined;
}

/** Goes on with what an earlier run left in `memory_manager_state`. Throws when that does not fit. */
export function openMemory(rootDir: string, settings: MemorySettings, nodesOf: () => readonly NumaNode[]): OpenMemory {
  const initial = settings.policy === 'Static' ? staticState(settings, nodesOf()) : undefined;
  const file = stateFile<MemoryCheckpoint>(join(rootDir, 'memory_manager_state'), settings.policy, {
    what: 'memory manager',
    parse: parseMemoryCheckpoint,
    render: renderMemoryCheckpoint,
    findProblem: ({ state }) => initial && findMemoryStateProblem(state, initial),
  });
  const saved = file.read();
  if (initial === undefined) return { file, manager: undefined };
  return { file, manager: staticMemory(saved === undefined || saved.state.nodes.size === 0 ? initial : saved.state) };
}

function staticState(settings: MemorySettings, nodes: readonly NumaNode[]): MemoryState {
  const problem = findReservationProblem(settings, nodes);
  if (problem !== undefined) throw new KubeletConfigError(problem);
  return initialMemoryState(settings, nodes);
}
