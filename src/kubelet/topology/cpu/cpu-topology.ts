/** Where a CPU (a hardware thread) sits. A core is named after its lowest CPU, so that names are unique on the machine. */
export interface Cpu {
  readonly id: number;
  readonly core: number;
  readonly socket: number;
  readonly numa: number;
  /** The cache that cores share. */
  readonly cache: number;
}

export type CpuTopology = readonly Cpu[];
export type Level = Exclude<keyof Cpu, 'id'>;

/** The distinct members of a level, in ascending order. */
export const membersOf = (cpus: CpuTopology, level: Level): readonly number[] =>
  [...new Set(cpus.map((cpu) => cpu[level]))].sort((a, b) => a - b);

/** CPUs in each member of the level, taken evenly. */
export const cpusPer = (topology: CpuTopology, level: Level): number =>
  Math.floor(topology.length / Math.max(1, membersOf(topology, level).length));
