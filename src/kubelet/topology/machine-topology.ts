import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuSet, sorted } from './cpu/cpu-set.ts';
import type { Cpu, CpuTopology } from './cpu/cpu-topology.ts';

export interface NumaNode {
  readonly id: number;
  readonly memoryBytes: number;
  /** Page size in bytes → bytes in pages of that size. */
  readonly hugePages: ReadonlyMap<number, number>;
  /** To each node, itself included. */
  readonly distances: readonly number[];
}

export interface MachineTopology {
  readonly cpus: CpuTopology;
  readonly nodes: readonly NumaNode[];
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};
const numberIn = (path: string, otherwise: number): number => Number(read(path) || otherwise);
const idsIn = (folder: string, prefix: string): readonly number[] =>
  existsSync(folder)
    ? sorted(
        readdirSync(folder)
          .filter((name) => new RegExp(`^${prefix}\\d+$`).test(name))
          .map((name) => Number(name.slice(prefix.length))),
      )
    : [];

/** What the kernel tells of the machine's CPUs and memory. `root`: /sys/devices/system. A machine without NUMA is one node. */
export function readMachineTopology(root: string, memoryBytes: number): MachineTopology {
  const online = parseCpuSet(read(join(root, 'cpu/online')));
  const nodeIds = idsIn(join(root, 'node'), 'node');
  const numaOf = new Map(
    nodeIds.flatMap((node) =>
      [...parseCpuSet(read(join(root, `node/node${node}/cpulist`)))].map((cpu) => [cpu, node] as const),
    ),
  );
  const places = sorted(online).map((id) => {
    const folder = join(root, `cpu/cpu${id}`);
    const socket = Math.max(0, numberIn(join(folder, 'topology/physical_package_id'), 0));
    return {
      id,
      socket,
      numa: numaOf.get(id) ?? 0,
      coreInSocket: `${socket}/${numberIn(join(folder, 'topology/core_id'), id)}`,
      cache: firstShared(join(folder, 'cache'), socket),
    };
  });
  const cores = new Map<string, number>();
  for (const { id, coreInSocket } of places) if (!cores.has(coreInSocket)) cores.set(coreInSocket, id);
  const cpus: readonly Cpu[] = places.map(({ coreInSocket, ...cpu }) => ({
    ...cpu,
    core: cores.get(coreInSocket) ?? 0,
  }));
  const nodes = nodeIds.map((id) => readNode(join(root, `node/node${id}`), id));
  return { cpus, nodes: nodes.length > 0 ? nodes : [{ id: 0, memoryBytes, hugePages: new Map(), distances: [10] }] };
}

/** The third-level cache by its lowest CPU; a machine that tells of none has one a socket. */
function firstShared(folder: string, socket: number): number {
  const index = idsIn(folder, 'index').find((i) => read(join(folder, `index${i}/level`)) === '3');
  const shared = index === undefined ? '' : read(join(folder, `index${index}/shared_cpu_list`));
  return shared === '' ? socket : (sorted(parseCpuSet(shared))[0] ?? socket);
}

function readNode(folder: string, id: number): NumaNode {
  const kilobytes = Number(/MemTotal:\s+(\d+) kB/.exec(read(join(folder, 'meminfo')))?.[1] ?? 0);
  const hugePages = idsOfPages(join(folder, 'hugepages')).map(([name, size]) => {
    const count = numberIn(join(folder, 'hugepages', name, 'nr_hugepages'), 0);
    return [size, count * size] as const;
  });
  const distances = read(join(folder, 'distance')).split(/\s+/).filter(Boolean).map(Number);
  return { id, memoryBytes: kilobytes * 1024, hugePages: new Map(hugePages), distances };
}

const idsOfPages = (folder: string): readonly (readonly [string, number])[] =>
  (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => {
    const kilobytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    return kilobytes === undefined ? [] : [[name, Number(kilobytes) * 1024] as const];
  });
