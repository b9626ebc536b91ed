import type { CpuTopology } from './cpu-topology.ts';

/**
 * A machine for tests, numbered as Linux does: first thread 0 of every core, then thread 1. `numas`: NUMA nodes in all,
 * cores spread evenly over them; each `coresPerCache` neighbours share a cache.
 */
export function buildTopology(shape: {
  readonly cores: number;
  readonly threads: number;
  readonly sockets?: number;
  readonly numas?: number;
  readonly coresPerCache?: number;
}): CpuTopology {
  const { cores, threads, sockets = 1, numas = sockets, coresPerCache = cores / sockets } = shape;
  return Array.from({ length: cores * threads }, (_, id) => {
    const core = id % cores;
    const part = (parts: number): number => Math.floor((core * parts) / cores);
    return { id, core, socket: part(sockets), numa: part(numas), cache: Math.floor(core / coresPerCache) };
  });
}
