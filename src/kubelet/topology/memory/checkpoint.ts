import * as z from 'zod';
import { checksumOf } from '../../checkpoint.ts';
import { fnv1a32 } from '../../fnv.ts';
import type { MemoryState } from './state.ts';

const tableSchema = z.object({
  total: z.number(),
  systemReserved: z.number(),
  allocatable: z.number(),
  reserved: z.number(),
  free: z.number(),
});
const nodeSchema = z.object({
  numberOfAssignments: z.number(),
  memoryMap: z.record(z.string(), tableSchema),
  cells: z.array(z.number()),
});
const blockSchema = z.object({ numaAffinity: z.array(z.number()), type: z.string(), size: z.number() });
const dataSchema = z.object({
  policyName: z.string(),
  machineState: z.record(z.string(), nodeSchema).nullable(),
  entries: z.record(z.string(), z.record(z.string(), z.array(blockSchema))).nullish(),
});
const fileSchema = z.object({ data: z.string(), dataChecksum: z.number() });

type Data = z.infer<typeof dataSchema>;

export interface MemoryCheckpoint {
  readonly policy: string;
  readonly state: MemoryState;
}

/** The file `memory_manager_state`: the state, and beside it the same in the form that kubelets before 1.37 read. */
export function renderMemoryCheckpoint({ policy, state }: MemoryCheckpoint): string {
  const entries = byName(state.held, (containers) =>
    byName(containers, (blocks) =>
      blocks.map(({ nodes, resource, bytes }) => ({ numaAffinity: [...nodes], type: resource, size: bytes })),
    ),
  );
  const value: Data = {
    policyName: policy,
    machineState: Object.fromEntries(
      [...state.nodes].map(([id, { assignments, tables, cells }]) => [
        String(id),
        { numberOfAssignments: assignments, memoryMap: byName(tables, (table) => ({ ...table })), cells: [...cells] },
      ]),
    ),
    ...(Object.keys(entries).length === 0 ? {} : { entries }),
  };
  const data = JSON.stringify(value);
  return JSON.stringify({ ...value, checksum: oldChecksumOf(value), data, dataChecksum: checksumOf(data) });
}

/** What the file says. Throws when it is none, or when its checksum is another's. */
export function parseMemoryCheckpoint(text: string): MemoryCheckpoint {
  const file = fileSchema.parse(JSON.parse(text));
  if (checksumOf(file.data) !== file.dataChecksum) throw new Error('checkpoint is corrupted');
  const data = dataSchema.parse(JSON.parse(file.data));
  const nodes = Object.entries(data.machineState ?? {}).map(
    ([id, { numberOfAssignments, memoryMap, cells }]) =>
      [Number(id), { assignments: numberOfAssignments, tables: new Map(Object.entries(memoryMap)), cells }] as const,
  );
  const held = Object.entries(data.entries ?? {}).map(
    ([uid, containers]) =>
      [
        uid,
        new Map(
          Object.entries(containers).map(([name, blocks]) => [
            name,
            blocks.map(({ numaAffinity, type, size }) => ({ nodes: numaAffinity, resource: type, bytes: size })),
          ]),
        ),
      ] as const,
  );
  return { policy: data.policyName, state: { nodes: new Map(nodes), held: new Map(held) } };
}

const byName = <T, R>(map: ReadonlyMap<string, T>, of: (value: T) => R): Record<string, R> =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, of(value)]));

const goMap = <T>(map: Readonly<Record<string, T>>, of: (value: T) => string): string =>
  `map[${Object.entries(map)
    .map(([key, value]) => `${key}:${of(value)}`)
    .join(' ')}]`;

/** The checksum of older forms is of the state in the words of Go's printing of values. */
function oldChecksumOf({ policyName, machineState, entries }: Data): number {
  const nodes = goMap(machineState ?? {}, ({ numberOfAssignments, memoryMap, cells }) => {
    const tables = goMap(
      memoryMap,
      (t) =>
        `<*>{TotalMemSize:(uint64)${t.total} SystemReserved:(uint64)${t.systemReserved}` +
        ` Allocatable:(uint64)${t.allocatable} Reserved:(uint64)${t.reserved} Free:(uint64)${t.free}}`,
    );
    return (
      `<*>{NumberOfAssignments:(int)${numberOfAssignments}` +
      ` MemoryMap:(map[v1.ResourceName]*state.MemoryTable)${tables} Cells:([]int)[${cells.join(' ')}]}`
    );
  });
  const blocks = goMap(entries ?? {}, (containers) =>
    goMap(containers, (list) => {
      const texts = list.map(
        ({ numaAffinity, type, size }) =>
          `{NUMAAffinity:([]int)[${numaAffinity.join(' ')}] Type:(v1.ResourceName)${type} Size:(uint64)${size}}`,
      );
      return `[${texts.join(' ')}]`;
    }),
  );
  return fnv1a32(
    `(*state.MemoryManagerCheckpoint){PolicyName:(string)${policyName} MachineState:(state.NUMANodeMap)${nodes}` +
      ` Entries:(state.ContainerMemoryAssignments)${blocks} Checksum:(checksum.Checksum)0}`,
  );
}
