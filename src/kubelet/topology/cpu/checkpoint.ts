import * as z from 'zod';
import { checksumOf } from '../../checkpoint.ts';
import { fnv1a32 } from '../../fnv.ts';
import { formatCpuSet, parseCpuSet } from './cpu-set.ts';
import type { CpuState } from './policy.ts';

const entriesSchema = z.record(z.string(), z.record(z.string(), z.string()));
const dataSchema = z.object({
  policyName: z.string(),
  defaultCpuSet: z.string(),
  entries: entriesSchema.nullish(),
});
const fileSchema = z.object({
  policyName: z.string().optional(),
  defaultCpuSet: z.string().optional(),
  entries: entriesSchema.nullish(),
  checksum: z.number().optional(),
  data: z.string().optional(),
  dataChecksum: z.number().optional(),
});

type Data = z.infer<typeof dataSchema>;

export interface CpuCheckpoint {
  readonly policy: string;
  readonly state: CpuState;
}

/** The file `cpu_manager_state`: the state, and beside it the same in the form that kubelets before 1.37 read. */
export function renderCpuCheckpoint({ policy, state }: CpuCheckpoint): string {
  const entries = Object.fromEntries(
    sortedByName(state.assigned).map(([uid, containers]) => [
      uid,
      Object.fromEntries(sortedByName(containers).map(([name, cpus]) => [name, formatCpuSet(cpus)])),
    ]),
  );
  const value: Data = {
    policyName: policy,
    defaultCpuSet: formatCpuSet(state.shared),
    ...(Object.keys(entries).length === 0 ? {} : { entries }),
  };
  const data = JSON.stringify(value);
  return JSON.stringify({ ...value, checksum: oldChecksumOf(value), data, dataChecksum: checksumOf(data) });
}

/** What the file says, in any of its forms. Throws when it is none, or when its checksum is another's. */
export function parseCpuCheckpoint(text: string): CpuCheckpoint {
  const file = fileSchema.parse(JSON.parse(text));
  const isNew = file.data !== undefined || file.dataChecksum !== undefined;
  if (isNew && checksumOf(file.data ?? '') !== file.dataChecksum) throw new Error('checkpoint is corrupted');
  const data = dataSchema.parse(isNew ? JSON.parse(file.data ?? '') : file);
  if (!isNew && (file.checksum ?? 0) !== 0 && file.checksum !== oldChecksumOf(data))
    throw new Error('checkpoint is corrupted');
  const assigned = new Map(
    Object.entries(data.entries ?? {}).map(([uid, containers]) => [
      uid,
      new Map(Object.entries(containers).map(([name, cpus]) => [name, parseCpuSet(cpus)])),
    ]),
  );
  return { policy: data.policyName, state: { shared: parseCpuSet(data.defaultCpuSet), assigned } };
}

const sortedByName = <T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** The checksum of older forms is of the state in the words of Go's printing of values. */
function oldChecksumOf({ policyName, defaultCpuSet, entries }: Data): number {
  const mapText = (map: Readonly<Record<string, unknown>>, of: (value: never) => string): string =>
    `map[${Object.entries(map)
      .map(([key, value]) => `${key}:${of(value as never)}`)
      .join(' ')}]`;
  const containers = mapText(entries ?? {}, (inner: Readonly<Record<string, string>>) =>
    mapText(inner, (cpus: string) => cpus),
  );
  return fnv1a32(
    `(*state.CPUManagerCheckpoint){PolicyName:(string)${policyName} DefaultCPUSet:(string)${defaultCpuSet}` +
      ` Entries:(map[string]map[string]string)${containers} Checksum:(checksum.Checksum)0}`,
  );
}
