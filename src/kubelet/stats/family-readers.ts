import type { CadvisorRow } from './cadvisor-metrics.ts';
import type { CgroupDetails, DeviceTraffic } from './cgroup-details.ts';
import type { InterfaceUsage } from './node-usage.ts';
import type { ProcessCounts } from './process-counts.ts';

interface Value {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One of cAdvisor's metrics: what each row tells of it. */
export interface CgroupFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly read: (row: CadvisorRow) => readonly Value[];
}

export const seconds = (nanoSeconds: number): number => nanoSeconds / 1e9;

export const counter = (name: string, help: string, read: CgroupFamily['read']): CgroupFamily => ({
  name: `container_${name}_total`,
  help,
  type: 'counter',
  read,
});
export const gauge = (name: string, help: string, read: CgroupFamily['read']): CgroupFamily => ({
  name: `container_${name}`,
  help,
  type: 'gauge',
  read,
});

/** A value of the row's cgroup; none while that was not found. */
export const detail =
  (read: (details: CgroupDetails) => number) =>
  ({ details }: CadvisorRow): readonly Value[] =>
    details === undefined ? [] : [{ value: read(details) }];
export const count =
  (read: (counts: ProcessCounts) => number) =>
  ({ counts }: CadvisorRow): readonly Value[] =>
    counts === undefined ? [] : [{ value: read(counts) }];
export const network =
  (read: (one: InterfaceUsage) => number) =>
  ({ interfaces }: CadvisorRow): readonly Value[] =>
    interfaces.map((one) => ({ value: read(one), labels: { interface: one.name } }));
/** One value for each device; a cgroup that has moved nothing tells 0. */
export const traffic =
  (operation: DeviceTraffic['operation'], read: (one: DeviceTraffic) => number) =>
  ({ details }: CadvisorRow): readonly Value[] => {
    if (details === undefined) return [];
    const moved = details.traffic.filter((one) => one.operation === operation);
    if (moved.length === 0) return [{ value: 0, labels: { device: '' } }];
    return moved.map((one) => ({ value: read(one), labels: { device: one.device } }));
  };
/** cAdvisor counts a limit only where it is in force. */
export const quota = (read: (cpu: CgroupDetails['cpu']) => number) => (row: CadvisorRow) =>
  row.details?.cpu.quotaMicros === undefined ? [] : detail(({ cpu }) => read(cpu))(row);
export const fileSystem =
  (read: (fs: NonNullable<CadvisorRow['fileSystem']>) => number) =>
  (row: CadvisorRow): readonly Value[] =>
    row.fileSystem === undefined ? [] : [{ value: read(row.fileSystem), labels: { device: '' } }];

export const faults = ({ memory }: CadvisorRow): readonly Value[] =>
  ['container', 'hierarchy'].flatMap((scope) => [
    { value: memory.pageFaults, labels: { failure_type: 'pgfault', scope } },
    { value: memory.majorPageFaults, labels: { failure_type: 'pgmajfault', scope } },
  ]);

export const deviceUsage = ({ details }: CadvisorRow): readonly Value[] => {
  if (details === undefined) return [];
  const all = details.traffic.map(({ device, operation, bytes }) => {
    const [major = '', minor = ''] = device.split(':');
    return { value: bytes, labels: { device, major, minor, operation } };
  });
  return all.length > 0 ? all : [{ value: 0, labels: { device: '', major: '', minor: '', operation: 'Read' } }];
};
