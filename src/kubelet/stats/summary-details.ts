import { type CgroupDetails, cgroupFiles, field, limitOf, type ReadCgroupFile } from './cgroup-details.ts';
import { noPressure, parsePressure } from './pressure.ts';

/** What a summary tells of a cgroup beyond the runtime's figures; few files, for it is asked for often. */
export interface SummaryDetails {
  readonly memory: Pick<CgroupDetails['memory'], 'limitBytes'>;
  readonly swap: CgroupDetails['swap'];
  readonly pressure: CgroupDetails['pressure'];
}

const nowhere: SummaryDetails['pressure'] = { cpu: noPressure, memory: noPressure, io: noPressure };

function parseV2(read: ReadCgroupFile, withPressure: boolean): SummaryDetails {
  const pressureOf = (controller: string) => parsePressure(read(controller, `${controller}.pressure`));
  return {
    memory: { limitBytes: limitOf(read('memory', 'memory.max')) },
    swap: {
      usageBytes: Number(read('memory', 'memory.swap.current') || 0),
      limitBytes: limitOf(read('memory', 'memory.swap.max')),
    },
    pressure: withPressure ? { cpu: pressureOf('cpu'), memory: pressureOf('memory'), io: pressureOf('io') } : nowhere,
  };
}

function parseV1(read: ReadCgroupFile): SummaryDetails {
  const limitBytes = limitOf(read('memory', 'memory.limit_in_bytes'));
  const withSwap = limitOf(read('memory', 'memory.memsw.limit_in_bytes'));
  return {
    memory: { limitBytes },
    swap: {
      usageBytes: field(read('memory', 'memory.stat'), 'total_swap'),
      limitBytes: withSwap === undefined || limitBytes === undefined ? undefined : withSwap - limitBytes,
    },
    pressure: nowhere,
  };
}

/** Reads them for the cgroup at this path below the mounts; pressure is all zero where it is not asked for. */
export function readSummaryDetails(path: string, withPressure: boolean, mount?: string): SummaryDetails {
  const { isV2, read } = cgroupFiles(path, mount);
  return isV2 ? parseV2(read, withPressure) : parseV1(read);
}
