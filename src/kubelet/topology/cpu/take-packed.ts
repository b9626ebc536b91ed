import { type CpuSet, noCpus, sorted } from './cpu-set.ts';
import { type Cpu, type CpuTopology, cpusPer, type Level, membersOf } from './cpu-topology.ts';

/** CPUs that were chosen, or why there are not enough of them. */
export type CpuChoice =
  | { readonly kind: 'chosen'; readonly cpus: CpuSet }
  | { readonly kind: 'impossible'; readonly because: string };

export interface PackedOptions {
  /** One thread of each core before the second of any. */
  readonly spreadOverCores: boolean;
  /** Few of the caches that cores share. */
  readonly preferFewCaches: boolean;
}

/**
 * Takes `count` of the available CPUs so that they lie close together and break up as little as possible: whole NUMA
 * nodes and sockets, then whole caches where that is wanted, then whole cores, then what is left. Of several of a
 * kind, the one with the fewest CPUs left goes first, then the lowest number.
 */
export function takePacked(topology: CpuTopology, available: CpuSet, count: number, options: PackedOptions): CpuChoice {
  if (count < 1) return { kind: 'chosen', cpus: noCpus };
  if (count > available.size) return notEnough(count, available.size);
  const numaFirst = isNumaFirst(topology);
  const taken = new Set<number>();
  let free: readonly Cpu[] = topology.filter(({ id }) => available.has(id));
  const missing = (): number => count - taken.size;
  const take = (ids: readonly number[]): void => {
    for (const id of ids) taken.add(id);
    free = free.filter(({ id }) => !taken.has(id));
  };
  const freeIn = (level: Level, member: number): readonly Cpu[] => free.filter((cpu) => cpu[level] === member);
  const takeWhole = (level: Level, perMember: (member: number) => number): void => {
    for (const member of orderOf(free, level, numaFirst)) {
      const cpus = freeIn(level, member);
      if (cpus.length === perMember(member) && missing() >= cpus.length) take(cpus.map(({ id }) => id));
    }
  };
  const sizeOf = (level: Level) => (member: number) => topology.filter((cpu) => cpu[level] === member).length;
  const perSocket = () => cpusPer(topology, 'socket');

  if (numaFirst) takeWhole('numa', sizeOf('numa'));
  takeWhole('socket', perSocket);
  if (!numaFirst) takeWhole('numa', sizeOf('numa'));

  if (options.preferFewCaches) {
    for (const cache of orderOf(free, 'cache', numaFirst)) {
      if (missing() >= cpusPer(topology, 'cache')) takeWhole('cache', sizeOf('cache'));
      if (missing() === 0) break;
      take(chooseInCache(freeIn('cache', cache), missing(), cpusPer(topology, 'core')));
      if (missing() === 0) break;
    }
  }
  if (!options.spreadOverCores) takeWhole('core', () => cpusPer(topology, 'core'));
  const rest = options.spreadOverCores
    ? orderOf(free, 'socket', numaFirst).flatMap((socket) => sorted(freeIn('socket', socket).map(({ id }) => id)))
    : orderOf(free, 'core', numaFirst).flatMap((core) => sorted(freeIn('core', core).map(({ id }) => id)));
  take(rest.slice(0, missing()));
  return { kind: 'chosen', cpus: taken };
}

export const notEnough = (requested: number, available: number): CpuChoice => ({
  kind: 'impossible',
  because: `not enough cpus available to satisfy request: requested=${requested}, available=${available}`,
});

/** The cores of one cache that make up exactly what is missing; otherwise none. */
function chooseInCache(free: readonly Cpu[], missing: number, perCore: number): readonly number[] {
  const cores = membersOf(free, 'core').slice(0, Math.ceil(missing / perCore));
  let ids = sorted(free.filter(({ core }) => cores.includes(core)).map(({ id }) => id));
  if (missing % 2 !== 0 && perCore > 1 && ids.length > missing) ids = ids.slice(0, -1);
  return ids.length === missing ? ids : [];
}

/** Whether NUMA nodes hold sockets, and not the other way round. */
export const isNumaFirst = (topology: CpuTopology): boolean =>
  membersOf(topology, 'socket').length >= membersOf(topology, 'numa').length;

/** Members with free CPUs in the order they are taken: the level above decides first. */
export function orderOf(free: readonly Cpu[], level: Level, numaFirst: boolean): readonly number[] {
  const above = levelAbove(level, numaFirst);
  const counts = new Map<number, number>();
  for (const cpu of free) counts.set(cpu[level], (counts.get(cpu[level]) ?? 0) + 1);
  const byFill = (members: readonly number[]): readonly number[] =>
    [...members].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0) || a - b);
  if (above === undefined) return byFill([...counts.keys()]);
  const order = orderOf(free, above, numaFirst).flatMap((member) =>
    byFill(
      membersOf(
        free.filter((cpu) => cpu[above] === member),
        level,
      ),
    ),
  );
  return [...new Set(order)];
}

function levelAbove(level: Level, numaFirst: boolean): Level | undefined {
  if (level === 'cache') return 'numa';
  if (level === 'core') return numaFirst ? 'socket' : 'numa';
  if (level === 'socket') return numaFirst ? 'numa' : undefined;
  return numaFirst ? undefined : 'socket';
}
